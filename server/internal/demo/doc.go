// Package demo fills a server with fictitious recipients, simulated hosts, donors and a year of history, so that a
// newcomer sees every page alive (vymir-server demo).
//
// Nothing is written past the real ways: hosts enrol by token and deliver by the client of agent/wire over QUIC and TCP,
// people act through the services that pages and API use. Only the clock is not the machine's: the server is opened by one
// that stands a year ago and is moved on week by week until it meets the present ([server.OpenAt]). The same seed gives
// the same story relative to the day it ends on; ids, keys and passwords are random as ever.
package demo
