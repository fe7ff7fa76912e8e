module github.com/weir-engine/weir

go 1.26
