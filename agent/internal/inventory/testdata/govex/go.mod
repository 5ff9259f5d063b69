module github.com/vymir-project/vymir/agent/internal/inventory/testdata/govex

go 1.26.3

require (
	github.com/google/go-cmp v0.7.0
	github.com/openvex/go-vex v0.2.9
)

require (
	github.com/in-toto/attestation v1.2.0 // indirect
	github.com/kr/text v0.2.0 // indirect
	github.com/package-url/packageurl-go v0.1.7 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)
