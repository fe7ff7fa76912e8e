// Package gen is the server generated from openapi.yaml. `go generate ./shared/httpapi/gen` writes it again.
package gen

//go:generate go tool oapi-codegen -config config.yaml ../../../openapi.yaml
