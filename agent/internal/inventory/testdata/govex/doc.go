// Package govex reads the OpenVEX documents that the agent writes by OpenVEX's own library, as a recipient's tools would. It is a module of its
// own, so that nothing of it reaches the programs; what it reads is the file beside this folder, which the tests of the package that writes them keep.
package govex
