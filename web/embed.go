// Package web embeds the console that `npm run build` makes in web/dist, so that the program carries it.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built console with index.html at its root. built is false when the program was compiled without running
// `npm run build` first; then only NotBuilt can be shown.
func Files() (files fs.FS, built bool) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return dist, false
	}
	_, err = fs.Stat(files, "index.html")
	return files, err == nil
}

// NotBuilt is the page to serve in place of the console when Files says that it was not built.
const NotBuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Weir: console not built</title>
<style>
:root{color-scheme:light dark}
body{font:16px/1.6 system-ui,sans-serif;max-width:38rem;margin:12vh auto;padding:0 1.5rem}
code{font:0.95em ui-monospace,monospace;padding:.1em .35em;border:1px solid #8886;border-radius:4px}
</style>
<h1>The console is not built</h1>
<p>This program was compiled without its console. The API and the command line work as usual.</p>
<p>Run <code>make run</code>, or <code>npm ci &amp;&amp; npm run build</code> in <code>web/</code>, and start it again.</p>
<hr>
<p lang="zh-CN">此程序编译时未包含控制台，API 与命令行可照常使用。请运行 <code>make run</code>，或在 <code>web/</code> 目录执行
<code>npm ci &amp;&amp; npm run build</code> 后重新启动。</p>
</html>
`
