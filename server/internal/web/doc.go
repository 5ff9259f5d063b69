// Package web serves the pages people use: rendered on the server, in Ukrainian and English, readable without
// JavaScript, under a strict content security policy.
//
// A page asks [access.Can] (or [access.Recipients]) for what it shows and does; the templates hold no decision about
// rights beyond hiding what a person cannot do anyway. Texts come from locale/uk.json and locale/en.json; the texts of
// controls and remedies from their own catalogues.
package web
