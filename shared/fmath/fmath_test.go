package fmath

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestSameBits hashes the bits of every function over random inputs. The test runs natively and under wasm: the hash is the
// same on every target, and changes only when a function does.
func TestSameBits(t *testing.T) {
	const want = 0xfe42f83d85eb669
	rng := rand.New(rand.NewPCG(20260101, 7))
	h := fnv.New64a()
	add := func(values ...float64) {
		for _, v := range values {
			b := math.Float64bits(v)
			if v != v {
				b = 1 // a NaN has no bits of its own
			}
			h.Write([]byte{byte(b), byte(b >> 8), byte(b >> 16), byte(b >> 24), byte(b >> 32), byte(b >> 40), byte(b >> 48), byte(b >> 56)})
		}
	}
	for range 20_000 {
		u, v, w := rng.Float64(), rng.Float64(), rng.Float64()
		x := float64((u - 0.5) * 1500)
		p := Exp(float64((v - 0.5) * 30))
		add(Exp(x), Exp(u), Expm1(u-0.5), Expm1(x), Log(p), Log(u), Log1p(u-0.5), Log1p(p), Pow(p, float64((w-0.5)*40)), Pow(u, w))
		add(Lgamma(p), Lgamma(float64(3*u)), Digamma(p), Digamma(float64(3*u)), Erf(float64(4*(u-0.5))), Erfc(float64(30*v)), NormalCDF(x/40), NormalQuantile(u))
	}
	for range 2000 {
		r, a, b, z := float64(3*rng.Float64()), float64(3*rng.Float64()), float64(9*rng.Float64()), rng.Float64()
		x := float64(rng.IntN(50))
		add(Hyp2F1(r+x, b+x, a+b+x+0.5, z), Hyp2F1Rest(a+b-r, a-1, a+b+x, z))
	}
	if got := h.Sum64(); got != want {
		t.Errorf("the hash of all results is %#x, want %#x", got, uint64(want))
	}
}

func TestEdges(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"exp 0", Exp(0), 1}, {"exp inf", Exp(inf), inf}, {"exp -inf", Exp(-inf), 0}, {"exp 710", Exp(710), inf},
		{"exp -746", Exp(-746), 0}, {"exp nan", Exp(nan), nan}, {"exp largest", Exp(709.79), inf},
		{"exp smallest", Exp(-745.13), 5e-324}, {"expm1 -inf", Expm1(-inf), -1}, {"expm1 inf", Expm1(inf), inf},
		{"expm1 tiny", Expm1(1e-300), 1e-300}, {"log 0", Log(0), -inf}, {"log 1", Log(1), 0}, {"log -1", Log(-1), nan},
		{"log inf", Log(inf), inf}, {"log1p -1", Log1p(-1), -inf}, {"log1p -2", Log1p(-2), nan}, {"log1p inf", Log1p(inf), inf},
		{"log1p tiny", Log1p(1e-300), 1e-300}, {"pow 0 0", Pow(0, 0), 1}, {"pow 0 2", Pow(0, 2), 0}, {"pow 0 -2", Pow(0, -2), inf},
		{"pow inf 2", Pow(inf, 2), inf}, {"pow inf -2", Pow(inf, -2), 0}, {"pow -1 2", Pow(-1, 2), nan}, {"pow 2 10", Pow(2, 10), 1024},
		{"pow 4 0.5", Pow(4, 0.5), 2}, {"pow 10 3", Pow(10, 3), 1000}, {"pow 2 inf", Pow(2, inf), inf},
		{"pow 0.5 inf", Pow(0.5, inf), 0}, {"pow 2 2000", Pow(2, 2000), inf}, {"pow 2 -2000", Pow(2, -2000), 0},
		{"pow 2 1e308", Pow(2, 1e308), inf}, {"lgamma 0", Lgamma(0), inf}, {"lgamma 1", Lgamma(1), 0}, {"lgamma 2", Lgamma(2), 0},
		{"lgamma -1.5", Lgamma(-1.5), nan}, {"lgamma inf", Lgamma(inf), inf}, {"digamma 0", Digamma(0), -inf},
		{"digamma -1", Digamma(-1), nan}, {"digamma inf", Digamma(inf), inf}, {"erf inf", Erf(inf), 1}, {"erf -inf", Erf(-inf), -1},
		{"erfc inf", Erfc(inf), 0}, {"erfc -inf", Erfc(-inf), 2}, {"quantile 0", NormalQuantile(0), -inf},
		{"quantile 1", NormalQuantile(1), inf}, {"quantile 2", NormalQuantile(2), nan}, {"quantile half", NormalQuantile(0.5), 0},
		{"hyp at 0", Hyp2F1(3, 4, 5, 0), 1}, {"hyp at 1", Hyp2F1(3, 4, 5, 1), nan}, {"hyp below", Hyp2F1(3, 4, 5, -1), nan},
		{"hyp pole", Hyp2F1(3, 4, 0, 0.5), nan}, {"hyp b=0", Hyp2F1(3, 0, 5, 0.5), 1}, {"rest at 0", Hyp2F1Rest(3, 4, 5, 0), 0},
		{"rest at 1", Hyp2F1Rest(3, 4, 5, 1), nan},
	} {
		if c.got != c.want && (c.got == c.got || c.want == c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
}

// TestIdentities checks relations that hold for every argument.
func TestIdentities(t *testing.T) {
	near := func(t *rapid.T, what string, a, b, tolerance float64) {
		if !(math.Abs(a-b) <= tolerance*max(1, math.Abs(a), math.Abs(b))) {
			t.Fatalf("%s: %v and %v", what, a, b)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(0.1, 1e6).Draw(t, "x")
		p := rapid.Float64Range(1e-12, 1-1e-12).Draw(t, "p")
		z := rapid.Float64Range(0, 0.99).Draw(t, "z")
		near(t, "exp(log x)", Exp(Log(x)), x, 1e-14)
		near(t, "lgamma(x+1) = lgamma(x) + log x", Lgamma(x+1), Lgamma(x)+Log(x), 1e-13)
		near(t, "digamma(x+1) = digamma(x) + 1/x", Digamma(x+1), Digamma(x)+1/x, 1e-12)
		near(t, "pow(x,2)", Pow(x, 2), x*x, 1e-15)
		near(t, "erf + erfc", Erf(p)+Erfc(p), 1, 1e-15)
		near(t, "cdf(quantile p)", NormalCDF(NormalQuantile(p)), p, 1e-13)
		near(t, "2F1(1,1;2;z) = -log(1-z)/z", z*Hyp2F1(1, 1, 2, z), -Log1p(-z), 1e-13)
		near(t, "2F1(a,b;b;z) = (1-z)^-a", Hyp2F1(1.5, 2.5, 2.5, z), Pow(1-z, -1.5), 1e-12)
	})
}

// TestSeriesEnds checks that the hardest argument ends, with a finite result.
func TestSeriesEnds(t *testing.T) {
	z := math.Nextafter(1, 0)
	for _, v := range []float64{Hyp2F1(0.5, 0.7, 1.3, z), Hyp2F1(10000, 10003, 10002, 0.9999), Hyp2F1Rest(0.5, -0.2, 0.1, z)} {
		if v != v || math.IsInf(v, 0) && z < 0.99 {
			t.Errorf("the result is %v", v)
		}
	}
}

func BenchmarkExp(b *testing.B) {
	for i := range b.N {
		sink += Exp(float64(i&1023) * 0.01)
	}
}

func BenchmarkLog(b *testing.B) {
	for i := range b.N {
		sink += Log(float64(i&1023) + 0.5)
	}
}

func BenchmarkLgamma(b *testing.B) {
	for i := range b.N {
		sink += Lgamma(float64(i&63) + 0.5)
	}
}

var sink float64
