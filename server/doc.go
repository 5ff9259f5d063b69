// Package server is the central server of Vymir: it enrols hosts, takes what they report, follows findings, and
// shows the gaps and needs that follow to the people whose they are.
//
// [Open] wires everything over one store, in reading order; [Server.Serve] answers agents (QUIC, with TCP on the
// same port number) and people (HTTPS) until it is told to stop, and drains. The rooms are under internal/:
//
//	enrol → ingest → store → review → gap → need → catalogue → web
package server
