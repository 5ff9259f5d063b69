package capable

//go:generate go run github.com/cilium/ebpf/cmd/bpf2go -cc clang-14 -strip llvm-strip-14 -tags linux -target bpfel,bpfeb -no-global-types capable capable.bpf.c -- -I../headers -O2 -g -Wall -Werror -mcpu=v2
