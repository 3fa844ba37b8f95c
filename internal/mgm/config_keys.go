package mgm

// A Key names a value of the configuration by its number in the protocol.
type Key uint32

// The keys this package has a use for. All others are kept too.
const (
	KeyNodeID                 Key = 3
	KeyHostName               Key = 5
	KeyDataDir                Key = 7
	KeyLocationDomainID       Key = 10
	KeyNoOfReplicas           Key = 101
	KeyDataMemory             Key = 112
	KeyHeartbeatIntervalDBDB  Key = 118
	KeyHeartbeatIntervalDBAPI Key = 119
	KeyArbitrationTimeout     Key = 122
	KeyStopOnError            Key = 124
	KeyFileSystemPath         Key = 125
	KeyBackupDataDir          Key = 158
	KeyCompressedBackup       Key = 172
	KeyNodegroup              Key = 185
	KeyArbitrationRank        Key = 200
	KeyPortNumber             Key = 300 // of a management server
	KeyManagementRequireTLS   Key = 301
	KeyMultithreadedBackup    Key = 659
	KeyRequireEncryptedBackup Key = 673
	KeyDataRequireTLS         Key = 681

	// In the system's section numbers mean something else.
	KeyGeneration Key = 2
	KeySystemName Key = 3

	// In the sections of connections.
	KeyNode1 Key = 400
	KeyNode2 Key = 401
	KeyHost1 Key = 407
	KeyHost2 Key = 408
)
