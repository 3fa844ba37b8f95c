package mgm

import (
	"strconv"
	"strings"
)

// The numbers of errors that callers act on.
const (
	CodeUnknown             = 0
	CodeNoContact           = 5000 // no contact with that process
	CodeWrongType           = 5002 // it is not a data node
	CodeSendFailed          = 5005
	CodeStopNotBegun        = 5024 // the node did not begin to stop in time
	CodeStopNotCompleted    = 5025 // the node did not stop in time
	CodeNodeShutdown        = 5026 // another node is being stopped
	CodeSystemShutdown      = 5027 // the cluster is being stopped
	CodeWouldCrash          = 5028 // its node group would be left without a node
	CodeNoDataNodes         = 5030 // no contact with any data node
	CodeMultiNodeShutdown   = 5031
	CodeNotAPINode          = 5062
	CodeStartingOrStopping  = 5063 // not while nodes start or stop, or in single user mode
	CodeNodeInGroup         = 322  // create node group: the node is in one already
	CodeBackupRunning       = 1302
	CodeBackupDiskless      = 1306
	CodeBackupNoEncryption  = 1307
	CodeBackupMustEncrypt   = 1308 // the data nodes take no backup without a password
	CodePasswordCharacter   = 1309
	CodePasswordTooLong     = 1310
	CodePasswordEmpty       = 1311
	CodeBackupAbortedByUser = 1321
	CodeBackupLogFull       = 1324
	CodeBackupFileError     = 1325
	CodeBackupNodeFailure   = 1326
	CodeBackupUpgrade       = 1329
	CodeBackupExists        = 1350 // files of that number are there: choose a higher one
)

// errorTexts maps the beginning of what a server says to the number it leaves out.
var errorTexts = []struct {
	code int
	text string
}{
	{CodeNoContact, "No contact with the process"},
	{CodeWrongType, "The process has wrong type"},
	{CodeSendFailed, "Send to process or receive failed"},
	{5007, "invalid error number"},
	{5008, "Invalid trace number"},
	{5010, "Invalid block name"},
	{CodeStopNotBegun, "Time-out due to node shutdown not starting in time"},
	{CodeStopNotCompleted, "Time-out due to node shutdown not completing in time"},
	{CodeNodeShutdown, "Node shutdown in progress"},
	{CodeSystemShutdown, "System shutdown in progress"},
	{CodeWouldCrash, "Node shutdown would cause system crash"},
	{CodeNoDataNodes, "No contact with database nodes"},
	{CodeMultiNodeShutdown, "Unsupported multi node shutdown"},
	{CodeNotAPINode, "The specified node is not an API node"},
	{CodeStartingOrStopping, "Operation not allowed while nodes are starting or stopping"},
	{CodeNodeInGroup, "Invalid node(s) specified for new nodegroup, node already in nodegroup"},
	{1301, "Backup issued to not master"},
	{1303, "Out of resources"},
	{1304, "Sequence failure"},
	{CodeBackupDiskless, "Backup not supported in diskless mode"},
	{CodeBackupNoEncryption, "Encrypted backup is not supported by the data node/s"},
	{1322, "Backup already completed"},
	{CodeBackupLogFull, "Backup log buffer full"},
	{CodeBackupFileError, "File or scan error"},
	{CodeBackupUpgrade, "Backup during software upgrade not supported"},
	{CodeBackupRunning, "A backup is already running"},
	{CodeBackupExists, "Backup failed: file already exists"},
	{CodePasswordCharacter, "Encryption password has bad character"},
	{CodePasswordTooLong, "Encryption password is too long"},
	{CodePasswordEmpty, "Encryption password is of zero length"},
	{CodeBackupAbortedByUser, "Backup aborted by user request"},
	{CodeBackupNodeFailure, "Backup aborted due to node failure"},
}

// codeOf finds the number of what a server said: before a dash ("5028-Node shutdown …"), or by
// the text.
func codeOf(text string) (code int, rest string) {
	if number, after, found := strings.Cut(text, "-"); found {
		if n, err := strconv.Atoi(number); err == nil && n > 0 {
			return n, after
		}
	}
	for _, known := range errorTexts {
		if strings.HasPrefix(text, known.text) {
			return known.code, text
		}
	}
	return CodeUnknown, text
}
