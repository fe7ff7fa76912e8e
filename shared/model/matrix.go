package model

import "math"

func identity(n int) [][]float64 {
	m := make([][]float64, n)
	for i := range m {
		m[i] = make([]float64, n)
		m[i][i] = 1
	}
	return m
}

func isIdentity(m [][]float64) bool {
	for i := range m {
		for j, v := range m[i] {
			if i == j && v != 1 || i != j && v != 0 {
				return false
			}
		}
	}
	return true
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// cholesky returns the lower triangle L with L·L' = m for a symmetric positive definite matrix, and false for any other.
func cholesky(m [][]float64) ([][]float64, bool) {
	n := len(m)
	l := make([][]float64, n)
	for i := range n {
		l[i] = make([]float64, n)
		for j := 0; j <= i; j++ {
			sum := m[i][j] - dot(l[i][:j], l[j][:j])
			if i > j {
				l[i][j] = sum / l[j][j]
				continue
			}
			if !(sum > 1e-10*math.Abs(m[i][i])) || math.IsInf(sum, 0) {
				return nil, false
			}
			l[i][i] = math.Sqrt(sum)
		}
	}
	return l, true
}

// inverse returns the inverse of a symmetric positive definite matrix, and false for any other.
func inverse(m [][]float64) ([][]float64, bool) {
	n := len(m)
	l, ok := cholesky(m)
	if !ok {
		return nil, false
	}
	inv := identity(n)
	for k := range n {
		x := inv[k]
		for i := range n {
			x[i] = (x[i] - dot(l[i][:i], x[:i])) / l[i][i]
		}
		for i := n - 1; i >= 0; i-- {
			for j := i + 1; j < n; j++ {
				x[i] -= l[j][i] * x[j]
			}
			x[i] /= l[i][i]
		}
	}
	return inv, true
}

// hessian returns the second derivatives at p from differences of gradients.
func hessian(f objective, p []float64, step float64) [][]float64 {
	n := len(p)
	h := make([][]float64, n)
	up, down, at := make([]float64, n), make([]float64, n), append([]float64(nil), p...)
	for i := range n {
		h[i] = make([]float64, n)
		at[i] = p[i] + step
		f(at, up)
		at[i] = p[i] - step
		f(at, down)
		at[i] = p[i]
		for j := range n {
			h[i][j] = (up[j] - down[j]) / (2 * step)
		}
	}
	for i := range n {
		for j := range i {
			h[i][j] = (h[i][j] + h[j][i]) / 2
			h[j][i] = h[i][j]
		}
	}
	return h
}
