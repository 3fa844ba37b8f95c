package main

func main() {}

func init() {}
