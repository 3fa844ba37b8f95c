package ndb

import (
	"fmt"
	"slices"
	"syscall"

	"github.com/kagu-db/kagu/internal/mgm"
)

// A Remedy is what helps a data node that died.
type Remedy string

// The remedies. Nothing but RemedyRestart is ever done without a human.
const (
	RemedyRestart Remedy = "restart" // starting it again is right
	RemedyInitial Remedy = "initial" // its files are damaged: start with --initial, while its group has another node
	RemedyConfig  Remedy = "configuration"
	RemedyDisk    Remedy = "disk"
	RemedyMemory  Remedy = "memory"
	RemedyNetwork Remedy = "network" // or arbitration: see who lost whom first
	RemedyWait    Remedy = "wait"    // for other nodes, or for the end of something
	RemedyLook    Remedy = "look"    // an error of the program or the machine: read its error log
)

// Words says what to do.
func (r Remedy) Words() string {
	switch r {
	case RemedyRestart:
		return "starting it again is right"
	case RemedyInitial:
		return "it needs --initial, and another node of its group that is started"
	case RemedyConfig:
		return "correct the configuration first"
	case RemedyDisk:
		return "free or add disk first"
	case RemedyMemory:
		return "give it memory or buffers first"
	case RemedyNetwork:
		return "look at the network and the arbitrator; starting it again is right"
	case RemedyWait:
		return "start it when the others are ready"
	default:
		return "read its error log before it is started again and again"
	}
}

// A Cause is why a data node ended.
type Cause struct {
	Code   int    `json:"code"`             // NDB's error number; 0 if a signal ended it or nothing did
	Signal int    `json:"signal,omitempty"` // 0 if it ended by itself
	Known  bool   `json:"known"`            // the code is in the table
	Text   string `json:"text"`
	Remedy Remedy `json:"remedy"`
}

// causes is the table of NDB's exit codes, by number.
var causes = []Cause{
	{Code: 2300, Text: "an unspecified error", Remedy: RemedyLook},
	{Code: 2301, Text: "a check in the program failed", Remedy: RemedyLook},
	{Code: 2302, Text: "its node id belongs to another kind of node", Remedy: RemedyConfig},
	{Code: 2303, Text: "another node ended it while it was restarting", Remedy: RemedyRestart},
	{Code: 2304, Text: "the program reached beyond a table", Remedy: RemedyLook},
	{Code: 2305, Text: "it lost arbitration, or was left with nodes that cannot go on alone", Remedy: RemedyNetwork},
	{Code: 2306, Text: "the program followed a bad pointer", Remedy: RemedyLook},
	{Code: 2307, Text: "the cluster was found in two parts", Remedy: RemedyNetwork},
	{Code: 2308, Text: "another node failed while the cluster was starting", Remedy: RemedyRestart},
	{Code: 2309, Text: "the others had not yet let go of it", Remedy: RemedyRestart},
	{Code: 2310, Text: "its redo log could not be read", Remedy: RemedyInitial},
	{Code: 2311, Text: "its files do not fit those of the others after a partial start", Remedy: RemedyInitial},
	{Code: 2312, Text: "it ran out of undo log", Remedy: RemedyMemory},
	{Code: 2313, Text: "its data pages or undo log could not be read", Remedy: RemedyInitial},
	{Code: 2314, Text: "the cluster is in single user mode", Remedy: RemedyWait},
	{Code: 2315, Text: "the others declared it dead", Remedy: RemedyNetwork},
	{Code: 2316, Text: "its schema file could not be read", Remedy: RemedyInitial},
	{Code: 2327, Text: "it could not allocate its memory", Remedy: RemedyMemory},
	{Code: 2334, Text: "its job buffers overflowed", Remedy: RemedyLook},
	{Code: 2335, Text: "the program lost its timers", Remedy: RemedyLook},
	{Code: 2336, Text: "the program lost its timers", Remedy: RemedyLook},
	{Code: 2337, Text: "the program lost its timers", Remedy: RemedyLook},
	{Code: 2338, Text: "the program lost its timers", Remedy: RemedyLook},
	{Code: 2339, Text: "the program sent itself nonsense", Remedy: RemedyLook},
	{Code: 2340, Text: "the program sent itself nonsense", Remedy: RemedyLook},
	{Code: 2341, Text: "a check in the program failed", Remedy: RemedyLook},
	{Code: 2342, Text: "an error that a tester had asked for", Remedy: RemedyRestart},
	{Code: 2343, Text: "a check in the program failed", Remedy: RemedyLook},
	{Code: 2350, Text: "its configuration is not valid", Remedy: RemedyConfig},
	{Code: 2351, Text: "it ran out of LongMessageBuffer", Remedy: RemedyMemory},
	{Code: 2352, Text: "its local checkpoint is damaged", Remedy: RemedyInitial},
	{Code: 2353, Text: "too few nodes came for the cluster to start", Remedy: RemedyWait},
	{Code: 2354, Text: "its redo log is full", Remedy: RemedyDisk},
	{Code: 2500, Text: "it could not get the resources it is configured to have", Remedy: RemedyMemory},
	{Code: 2801, Text: "it has no path for its files", Remedy: RemedyConfig},
	{Code: 2802, Text: "its file threads were overrun", Remedy: RemedyLook},
	{Code: 2803, Text: "it could start no more file threads", Remedy: RemedyLook},
	{Code: 2804, Text: "a file operation was malformed", Remedy: RemedyLook},
	{Code: 2805, Text: "the path of its files is not valid", Remedy: RemedyConfig},
	{Code: 2806, Text: "it may open no more files (MaxNoOfOpenFiles)", Remedy: RemedyConfig},
	{Code: 2807, Text: "it opened a file twice", Remedy: RemedyLook},
	{Code: 2808, Text: "the system failed it at a file", Remedy: RemedyDisk},
	{Code: 2809, Text: "a file could not be reached for a moment", Remedy: RemedyRestart},
	{Code: 2810, Text: "its disk is full", Remedy: RemedyDisk},
	{Code: 2811, Text: "it may not touch a file of its own", Remedy: RemedyConfig},
	{Code: 2812, Text: "a file was opened in a way its file system does not offer", Remedy: RemedyConfig},
	{Code: 2813, Text: "its file system failed", Remedy: RemedyDisk},
	{Code: 2814, Text: "the system has no resources left for files", Remedy: RemedyDisk},
	{Code: 2815, Text: "a file of its own is missing", Remedy: RemedyInitial},
	{Code: 2816, Text: "a file of its own is cut short", Remedy: RemedyInitial},
	{Code: 6000, Text: "the system sent it a signal", Remedy: RemedyLook},
	{Code: 6050, Text: "its watchdog found it stuck: a starved CPU, a frozen machine or an error of the program", Remedy: RemedyLook},
	{Code: 6051, Text: "the program lost a message", Remedy: RemedyLook},
	{Code: 6052, Text: "it ran out of SendBufferMemory", Remedy: RemedyMemory},
	{Code: 6053, Text: "it got a message that its version does not know", Remedy: RemedyLook},
	{Code: 6054, Text: "it could not connect to the other data nodes", Remedy: RemedyNetwork},
	{Code: 6100, Text: "its start took longer than StartFailureTimeout", Remedy: RemedyLook},
	{Code: 6101, Text: "it was started while it was stopping", Remedy: RemedyRestart},
	{Code: 6300, Text: "it failed to restart eight times in a row", Remedy: RemedyInitial},
	{Code: 6301, Text: "the president failed while it was restarting", Remedy: RemedyRestart},
	{Code: 6302, Text: "a node group lost all its nodes", Remedy: RemedyWait},
	{Code: 6303, Text: "a table has no copy that could be restored", Remedy: RemedyInitial},
	{Code: 6600, Text: "it ran out of memory for indexes while starting", Remedy: RemedyMemory},
	{Code: 6800, Text: "it ran out of DataMemory while starting", Remedy: RemedyMemory},
}

// Causes returns the table.
func Causes() []Cause {
	all := slices.Clone(causes)
	for i := range all {
		all[i].Known = true
	}
	return all
}

// CauseOf decodes how a data node ended. A code of the future is kept, and has to be looked at.
func CauseOf(code, signal int) Cause {
	i, found := slices.BinarySearchFunc(causes, code, func(c Cause, code int) int { return c.Code - code })
	switch {
	case found:
		c := causes[i]
		c.Signal, c.Known = signal, true
		return c
	case code != 0:
		return Cause{Code: code, Signal: signal, Text: fmt.Sprintf("error %d, which Kagu does not know", code), Remedy: RemedyLook}
	case signal != 0:
		return Cause{Signal: signal, Known: true, Text: signalWords(signal), Remedy: signalRemedy(signal)}
	}
	return Cause{Known: true, Text: "it gave no reason", Remedy: RemedyRestart}
}

// CauseOfEvent decodes a forced stop, false for any other event.
func CauseOfEvent(ev mgm.Event) (Cause, bool) {
	if ev.Type != mgm.StopForced {
		return Cause{}, false
	}
	code, _ := ev.Value("error")
	signal, _ := ev.Value("signum")
	return CauseOf(int(code), int(signal)), true
}

func signalWords(signal int) string {
	switch syscall.Signal(signal) {
	case syscall.SIGKILL:
		return "it was killed (signal 9), by hand or because the machine ran out of memory"
	case syscall.SIGSEGV, syscall.SIGABRT, syscall.SIGBUS, syscall.SIGILL, syscall.SIGFPE:
		return fmt.Sprintf("the program crashed (signal %d)", signal)
	}
	return fmt.Sprintf("signal %d ended it", signal)
}

func signalRemedy(signal int) Remedy {
	switch syscall.Signal(signal) {
	case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP:
		return RemedyRestart
	}
	return RemedyLook
}
