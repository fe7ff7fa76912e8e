import assert from "node:assert/strict";

/** Uploads events by the API and waits until they are folded. Times are within the sample's last day. */
export async function send(page, events) {
  const answer = await page.request.post("/v1/files?name=live.ndjson", {
    headers: { "Content-Type": "application/octet-stream" },
    data: events.map((event) => JSON.stringify({ timestamp: "1997-09-29T10:00:00Z", ...event })).join("\n"),
  });
  assert.equal(answer.status(), 202);
  const { id } = await answer.json();
  for (;;) {
    const file = await (await page.request.get(`/v1/files/${id}`)).json();
    if (file.status === "done") return;
    assert.notEqual(file.status, "failed", file.error);
    await page.waitForTimeout(50);
  }
}
