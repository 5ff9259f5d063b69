package wire

//go:generate protoc -I . --go_out=. --go_opt=module=github.com/vymir-project/vymir/agent/wire --connect-go_out=. --connect-go_opt=module=github.com/vymir-project/vymir/agent/wire agent.proto
