// Package vymirv1 holds the messages of agent.proto as protoc generates them; see package wire for what they mean.
package vymirv1
