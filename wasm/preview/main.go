//go:build wasip1

// Command preview is the what-if as a WebAssembly module: package shared/whatif behind functions of numbers over linear memory.
// docs/wasm-abi.md describes the border. It is built as a reactor: `make wasm-preview`.
package main

func main() {}

// one is the only session of a module.
var one session

//go:wasmexport weir_version
func weirVersion() uint32 { return abiVersion }

//go:wasmexport weir_alloc
func weirAlloc(n uint32) uint32 { return address(one.alloc(n)) }

//go:wasmexport weir_free
func weirFree(at uint32) { delete(one.buffers, at) }

//go:wasmexport weir_result
func weirResult() uint32 { return address(one.out) }

//go:wasmexport weir_result_len
func weirResultLen() uint32 { return uint32(len(one.out)) }

//go:wasmexport weir_open
func weirOpen(plan uint32) uint32 { return one.guard(func() error { return one.open(plan) }) }

//go:wasmexport weir_add
func weirAdd(shard uint32) uint32 { return one.guard(func() error { return one.add(shard, false) }) }

//go:wasmexport weir_add_verified
func weirAddVerified(shard uint32) uint32 {
	return one.guard(func() error { return one.add(shard, true) })
}

//go:wasmexport weir_thin
func weirThin(below uint32) { one.thin = below }

//go:wasmexport weir_start
func weirStart() uint32 { return one.guard(one.start) }

//go:wasmexport weir_prepare
func weirPrepare() uint32 { return one.guard(one.prepare) }

//go:wasmexport weir_try
func weirTry(plan uint32) uint32 { return one.guard(func() error { return one.try(plan) }) }

//go:wasmexport weir_report
func weirReport() uint32 { return one.guard(one.report) }

//go:wasmexport weir_count
func weirCount(condition uint32) uint32 {
	return one.guard(func() error { return one.count(condition) })
}

//go:wasmexport weir_rows
func weirRows(from, n uint32) uint32 {
	return one.guard(func() error { return one.rows(int(from), int(n)) })
}

//go:wasmexport weir_score_cube
func weirScoreCube(stops uint32) uint32 {
	return one.guard(func() error { return one.scoreCube(stops) })
}

//go:wasmexport weir_slide_scores
func weirSlideScores(cuts uint32, eleven uint32) uint32 {
	return one.guard(func() error { return one.slideScores(cuts, eleven != 0) })
}

//go:wasmexport weir_stage_cube
func weirStageCube(axes uint32) uint32 {
	return one.guard(func() error { return one.stageCube(axes) })
}

//go:wasmexport weir_slide_stages
func weirSlideStages(plan uint32) uint32 {
	return one.guard(func() error { return one.slideStages(plan) })
}

//go:wasmexport weir_ranks
func weirRanks(average uint32) uint32 {
	return one.guard(func() error { return one.ranks(average != 0) })
}

//go:wasmexport weir_rank
func weirRank(ranks uint32) uint32 { return one.guard(func() error { return one.rank(ranks) }) }

//go:wasmexport weir_recut
func weirRecut(plan uint32) uint32 { return one.guard(func() error { return one.recut(plan) }) }

//go:wasmexport weir_histogram
func weirHistogram(stops uint32) uint32 {
	return one.guard(func() error { return one.histogram(stops) })
}

//go:wasmexport weir_spreads
func weirSpreads() uint32 { return one.guard(one.spreads) }

//go:wasmexport weir_sample
func weirSample(wanted uint32) uint32 {
	return one.guard(func() error { return one.sample(wanted) })
}
