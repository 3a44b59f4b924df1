// Package infra stands for the sources of a stack: a change of them makes the template
// beside them be taken.
package infra
