import type { WhatIf, WhatIfGroup, WhatIfSum } from "../../core/whatif/report";

/** The report as tables: sizes, moves and messages. */
function tables(report: WhatIf): [string, string[], (string | number)[][]][] {
  const sum = ({ users, revenue_minor, value_minor }: WhatIfSum) => [users, revenue_minor, value_minor];
  const groups: [string, WhatIfGroup][] = [
    ["stage", report.stages],
    ["rfm", report.rfm],
    ["rfm_cn", report.rfm_cn],
    ["tier", report.tiers],
    ...(report.engagement ? [["engagement", report.engagement] satisfies [string, WhatIfGroup]] : []),
  ];
  const sizes: (string | number)[][] = groups.flatMap(([kind, group]) =>
    group.sizes.map(({ name, before, after }) => [kind, name, ...sum(before), ...sum(after)]),
  );
  const members = [
    ...report.segments.map((one) => ["segment", one] as const),
    ...report.tags.map((one) => ["tag", one] as const),
    ...(report.churn_warning ? [["churn_warning", report.churn_warning] as const] : []),
  ];
  for (const [kind, one] of members) sizes.push([kind, one.name, ...sum(one.before), ...sum(one.after)]);
  const moves = groups.flatMap(([kind, group]) =>
    group.moves.filter(({ from, to }) => from !== to).map((move) => [kind, move.from, move.to, ...sum(move)]),
  );
  const rules = report.outreach_rules.map((rule) => [rule.name, rule.enter.users, rule.existing.users]);
  const money = ["users", "revenue_minor", "value_minor"];
  const sides = ["before", "after"].flatMap((side) => money.map((name) => `${name}_${side}`));
  return [
    ["sizes", ["kind", "name", ...sides], sizes],
    ["moves", ["kind", "from", "to", ...money], moves],
    ["outreach", ["rule", "entering", "in_it"], rules],
    ["changes", ["path", "from", "to"], report.changes.map(({ path, from, to }) => [path, from, to])],
  ];
}

/** One table after the other, each with its name. Texts that a spreadsheet would take for a formula are marked as texts. */
export function toCsv(report: WhatIf): string {
  const cell = (value: string | number) => {
    if (typeof value === "number") return String(value);
    const text = /^[=+\-@\t]/.test(value) ? `'${value}` : value;
    return /[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  const line = (cells: (string | number)[]) => cells.map(cell).join(",");
  return tables(report)
    .flatMap(([name, head, rows]) => rows.map((row) => line([name, ...row])).toSpliced(0, 0, line(["table", ...head])))
    .join("\n");
}

export function toMarkdown(report: WhatIf, title: string): string {
  const cell = (value: string | number) => String(value).replace(/\|/g, "\\|").replace(/\n/g, " ");
  const parts = [
    `# ${title}`,
    `as of ${report.as_of} · published ${report.published_version} · tried ${report.tried_version} · ${report.users} users · ${report.currency}, minor units`,
  ];
  for (const [name, head, rows] of tables(report)) {
    if (rows.length === 0) continue;
    parts.push(`## ${name}`);
    const list = [head, head.map((_, i) => (typeof rows[0]?.[i] === "number" ? "---:" : "---")), ...rows];
    parts.push(list.map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n"));
  }
  return `${parts.join("\n\n")}\n`;
}

export interface Picture {
  title: string;
  lead: string;
  rows: { name: string; before: number; after: number; color: string; text: string; delta: string }[];
  colors: { ground: string; text: string; muted: string; line: string };
}

/** The sizes as a picture. */
export function toPng({ title, lead, rows, colors }: Picture): Promise<Blob> {
  const [width, row, top, scale] = [960, 46, 104, 2];
  const canvas = document.createElement("canvas");
  canvas.width = width * scale;
  canvas.height = (top + rows.length * row + 28) * scale;
  const pen = canvas.getContext("2d");
  if (!pen) return Promise.reject(new Error("this browser draws no pictures"));
  const family = getComputedStyle(document.body).fontFamily;
  pen.scale(scale, scale);
  pen.fillStyle = colors.ground;
  pen.fillRect(0, 0, width, canvas.height);
  const write = (text: string, x: number, y: number, color: string, font: string, right = false) => {
    pen.fillStyle = color;
    pen.font = `${font} ${family}`;
    pen.textAlign = right ? "right" : "left";
    pen.fillText(text, x, y);
  };
  write(title, 32, 48, colors.text, "600 22px");
  write(lead, 32, 74, colors.muted, "13px");
  const most = Math.max(1, ...rows.flatMap(({ before, after }) => [before, after]));
  rows.forEach((one, i) => {
    const y = top + i * row;
    write(one.name, 32, y + 22, colors.text, "14px");
    pen.fillStyle = colors.line;
    pen.fillRect(220, y + 8, 440, 20);
    pen.fillStyle = one.color;
    pen.fillRect(220, y + 8, (440 * one.after) / most, 20);
    pen.fillStyle = colors.text;
    pen.fillRect(219 + (440 * one.before) / most, y + 4, 2, 28);
    write(one.text, 800, y + 22, colors.text, "600 14px", true);
    write(one.delta, 928, y + 22, colors.muted, "14px", true);
  });
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture cannot be made"))), "image/png"),
  );
}

/** Gives a file to the browser. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
