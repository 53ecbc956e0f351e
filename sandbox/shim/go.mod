module mcphub.io/shim

go 1.26
