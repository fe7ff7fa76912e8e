package model

import "math"

// objective returns the negative log-likelihood a user at log-parameters p, and its gradient when grad is not nil; +Inf where
// it is not defined.
type objective func(p, grad []float64) float64

// bound is how far from 0 a log-parameter may go: beyond, a likelihood that still rises slides to a boundary.
const bound = 10

// tolerance is the largest derivative a user and log-parameter at an accepted maximum.
const tolerance = 1e-7

// optimum is where a search ended.
type optimum struct {
	p           []float64
	value       float64
	gradient    float64 // largest component
	evaluations int
	method      string
}

func (o *optimum) converged() bool { return o.gradient <= tolerance }

// flat is the derivative a user below which a likelihood that does not converge slides to a boundary: nothing is gained there.
const flat = 1e-5

// search minimises by BFGS and ends with Newton's steps; from a further start, and then by Nelder–Mead and BFGS again, where
// it ends on a slope below the value worth. Ends are judged by gradient and value alone.
func search(f objective, worth float64, starts ...[]float64) optimum {
	best := optimum{value: math.Inf(1), gradient: math.Inf(1)}
	evaluations := 0
	counted := func(p, grad []float64) float64 {
		evaluations++
		for _, v := range p {
			if !(v > -bound && v < bound) {
				return math.Inf(1)
			}
		}
		if v := f(p, grad); v == v {
			return v
		}
		return math.Inf(1)
	}
	for _, start := range starts {
		if o := newton(counted, bfgs(counted, start)); o.value < best.value {
			best = o
		}
		if best.gradient <= flat {
			break
		}
	}
	best.method = "bfgs"
	if best.p != nil && best.gradient > flat && best.value < worth {
		if o := newton(counted, bfgs(counted, nelderMead(counted, best.p, 60*len(best.p)))); o.value <= best.value {
			best = o
		}
		best.method = "bfgs+neldermead"
	}
	best.evaluations = evaluations
	return best
}

// numeric adds a gradient by central differences to a function that ignores it.
func numeric(f func(p []float64) float64) objective {
	return func(p, grad []float64) float64 {
		at := append([]float64(nil), p...)
		for i := range grad {
			const h = 1e-5
			at[i] = p[i] + h
			up := f(at)
			at[i] = p[i] - h
			grad[i] = (up - f(at)) / (2 * h)
			at[i] = p[i]
		}
		return f(p)
	}
}

func largest(v []float64) float64 {
	m := 0.0
	for _, x := range v {
		m = max(m, math.Abs(x))
	}
	return m
}

// bfgs minimises by the method of Broyden, Fletcher, Goldfarb and Shanno, with steps of at most 2 in a log-parameter and a
// backtracking line search.
func bfgs(f objective, start []float64) optimum {
	n := len(start)
	x, g := append([]float64(nil), start...), make([]float64, n)
	fx := f(x, g)
	h := identity(n)
	dir, next, gNext := make([]float64, n), make([]float64, n), make([]float64, n)
	still := 0 // steps in a row that gained nothing to speak of: the value slides towards a boundary
	for iteration := 0; iteration < 100 && still < 3 && largest(g) > tolerance/10 && !math.IsInf(fx, 1); iteration++ {
		slope := 0.0
		for i := range n {
			dir[i] = -dot(h[i], g)
		}
		if slope = dot(dir, g); !(slope < 0) {
			h = identity(n)
			for i := range n {
				dir[i] = -g[i]
			}
			slope = -dot(g, g)
		}
		step := min(1, 2/largest(dir))
		fNext := math.Inf(1)
		for ; step > 1e-12; step /= 2 {
			for i := range n {
				next[i] = x[i] + step*dir[i]
			}
			if fNext = f(next, gNext); fNext <= fx+1e-4*step*slope {
				break
			}
		}
		if !(fNext < fx) {
			if iteration > 0 && isIdentity(h) {
				break
			}
			if h = identity(n); iteration > 0 {
				continue
			}
			break
		}
		update(h, x, next, g, gNext)
		if still++; fx-fNext > 1e-9*math.Abs(fx) {
			still = 0
		}
		copy(x, next)
		copy(g, gNext)
		fx = fNext
	}
	return optimum{p: x, value: fx, gradient: largest(g)}
}

// newton takes steps by the Hessian while they lower the gradient and it has a proper inverse.
func newton(f objective, o optimum) optimum {
	for step := 0; step < 3 && !o.converged() && o.gradient <= 100*flat; step++ {
		inv, proper := inverse(hessian(f, o.p, 1e-4))
		if !proper {
			break
		}
		x, g := append([]float64(nil), o.p...), make([]float64, len(o.p))
		f(x, g)
		for i := range x {
			x[i] -= max(min(dot(inv[i], g), 1), -1)
		}
		value := f(x, g)
		if !(value <= o.value+1e-12*math.Abs(o.value)) || largest(g) >= o.gradient {
			break
		}
		o.p, o.value, o.gradient = x, value, largest(g)
	}
	return o
}

// update improves the inverse Hessian h by a step, unless the curvature along it is not positive.
func update(h [][]float64, x, next, g, gNext []float64) {
	n := len(x)
	s, y := make([]float64, n), make([]float64, n)
	for i := range n {
		s[i], y[i] = next[i]-x[i], gNext[i]-g[i]
	}
	sy := dot(s, y)
	if sy <= 1e-14*math.Sqrt(dot(s, s)*dot(y, y)) || sy == 0 {
		return
	}
	if isIdentity(h) {
		scale := sy / dot(y, y)
		for i := range n {
			h[i][i] = scale
		}
	}
	hy := make([]float64, n)
	for i := range n {
		hy[i] = dot(h[i], y)
	}
	factor := (1 + dot(y, hy)/sy) / sy
	for i := range n {
		for j := range n {
			h[i][j] += factor*s[i]*s[j] - (hy[i]*s[j]+s[i]*hy[j])/sy
		}
	}
}

// nelderMead minimises without derivatives, in at most limit evaluations.
func nelderMead(f objective, start []float64, limit int) []float64 {
	n := len(start)
	type vertex struct {
		x []float64
		f float64
	}
	at := func(x []float64) vertex { return vertex{x, f(x, nil)} }
	simplex := []vertex{at(append([]float64(nil), start...))}
	for i := range n {
		x := append([]float64(nil), start...)
		x[i] += 0.1
		simplex = append(simplex, at(x))
	}
	for used := 0; used < limit; used += 2 {
		for i := 1; i <= n; i++ {
			for j := i; j > 0 && simplex[j].f < simplex[j-1].f; j-- {
				simplex[j], simplex[j-1] = simplex[j-1], simplex[j]
			}
		}
		if simplex[n].f-simplex[0].f < 1e-15*math.Abs(simplex[0].f) {
			break
		}
		toward := func(factor float64) vertex {
			x := make([]float64, n)
			for i := range n {
				for _, v := range simplex[:n] {
					x[i] += v.x[i] / float64(n)
				}
				x[i] += factor * (simplex[n].x[i] - x[i])
			}
			return at(x)
		}
		reflected := toward(-1)
		switch {
		case reflected.f < simplex[0].f:
			if expanded := toward(-2); expanded.f < reflected.f {
				reflected = expanded
			}
			simplex[n] = reflected
		case reflected.f < simplex[n-1].f:
			simplex[n] = reflected
		default:
			if contracted := toward(0.5); contracted.f < simplex[n].f {
				simplex[n] = contracted
				continue
			}
			for k := 1; k <= n; k++ {
				x := make([]float64, n)
				for i := range n {
					x[i] = (simplex[k].x[i] + simplex[0].x[i]) / 2
				}
				simplex[k] = at(x)
			}
		}
	}
	return simplex[0].x
}
