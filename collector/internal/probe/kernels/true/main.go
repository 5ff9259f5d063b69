// Command true does nothing, successfully: the program that the probe tests run inside of the kernel matrix, where no
// C library is at hand.
package main

func main() {}
