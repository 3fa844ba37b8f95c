// Package alertmsg reads Alertmanager's webhook, payload version 4: bounded, and as a hint only.
// What an alert says is foreign text, whoever signed for it.
package alertmsg
