// Package fmath holds the elementary and special functions of the scoring core. Go's own math.Exp, Log, Pow and Lgamma give
// different bits on amd64, arm64 and wasm, and a compiler may fuse a product into a sum on some of them. Here every product
// inside a sum is converted explicitly, which forbids fusing, so that a result has the same bits on every target; from package
// math only what IEEE 754 defines exactly is used (Sqrt, Floor, bit patterns).
//
// Errors stated are against 200-bit references and are tested. The polynomials of Exp, Log, Expm1, Erf and Lgamma are those of
// FreeBSD's msun, which came with this notice:
//
//	Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
//	Developed at SunPro, a Sun Microsystems, Inc. business.
//	Permission to use, copy, modify, and distribute this software is freely granted, provided that this notice is preserved.
package fmath

// horner returns the polynomial with coefficients c, the constant first, at x.
func horner(x float64, c ...float64) float64 {
	sum := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		sum = float64(sum*x) + c[i]
	}
	return sum
}
