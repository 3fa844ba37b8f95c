module github.com/kagu-db/kagu/tools
