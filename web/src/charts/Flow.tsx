import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Format } from "../core/format";
import { layOut, type Move, type Node, outline, type Ribbon } from "./flow";

const HEIGHT = 380;
const GAP = 20;
const BAR = 10;
const EDGE = 2;
/** Room above and below for the name of a small stage. */
const ROOM = 9;

/** What the pointer is on: a stage of one side, or a move. */
type Lit = { side: "from" | "to"; name: string } | { from: string; to: string };

/** Users between the stages of two dates: as high a ribbon as there are users. The figures stand in the matrix below. */
export function Flow({
  moves,
  stages,
  nameOf,
  colorOf,
  label,
  format,
}: {
  moves: readonly Move[];
  stages: readonly string[];
  nameOf: (stage: string) => string;
  colorOf: (stage: string) => string;
  label: string;
  format: Format;
}) {
  const { t } = useTranslation();
  const holder = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [lit, setLit] = useState<Lit>();
  useEffect(() => {
    const node = holder.current;
    if (!node) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry?.contentRect.width ?? 0)));
    observer.observe(node);
    return () => observer.disconnect();
  }, []);
  const flow = useMemo(() => layOut(moves, stages, HEIGHT, GAP), [moves, stages]);
  const left = EDGE + BAR;
  const right = width - EDGE - BAR;
  const isLit = (ribbon: Ribbon) => {
    if (!lit) return true;
    if ("side" in lit) return ribbon[lit.side] === lit.name;
    return ribbon.from === lit.from && ribbon.to === lit.to;
  };
  const column = (nodes: readonly Node[], side: "from" | "to") =>
    nodes.map((node) => {
      const outer = side === "from" ? EDGE : right;
      return (
        // biome-ignore lint/a11y/noStaticElementInteractions: the pointer only lights up what the matrix below says
        <g
          key={node.name}
          onMouseEnter={() => setLit({ side, name: node.name })}
          onMouseLeave={() => setLit(undefined)}
        >
          <rect x={outer} y={node.y} width={BAR} height={Math.max(node.height, 1.5)} rx="2" fill={colorOf(node.name)} />
          <text
            x={side === "from" ? left + 8 : right - 8}
            y={node.y + node.height / 2}
            textAnchor={side === "from" ? "start" : "end"}
            dominantBaseline="central"
          >
            {nameOf(node.name)} <tspan className="share">{format.count(node.users)}</tspan>
          </text>
        </g>
      );
    });
  return (
    <figure className="flow">
      <div ref={holder}>
        {width > 0 && (
          <svg width={width} height={HEIGHT + 2 * ROOM} role="img" aria-label={label}>
            <g transform={`translate(0 ${ROOM})`}>
              {flow.ribbons.map((ribbon) => (
                // biome-ignore lint/a11y/noStaticElementInteractions: the pointer only lights up what the matrix below says
                <path
                  key={`${ribbon.from} ${ribbon.to}`}
                  d={outline(ribbon, left, right)}
                  fill={colorOf(ribbon.from)}
                  className={isLit(ribbon) ? undefined : "dim"}
                  onMouseEnter={() => setLit({ from: ribbon.from, to: ribbon.to })}
                  onMouseLeave={() => setLit(undefined)}
                />
              ))}
              {column(flow.left, "from")}
              {column(flow.right, "to")}
            </g>
          </svg>
        )}
      </div>
      <figcaption className="muted">{said()}</figcaption>
    </figure>
  );

  function said(): string {
    if (!lit) {
      const moved = flow.ribbons.filter((one) => one.from !== one.to).reduce((sum, one) => sum + one.users, 0);
      return t("lifecycle.moved", { n: format.count(moved), all: format.count(flow.users) });
    }
    if ("side" in lit) {
      const node = (lit.side === "from" ? flow.left : flow.right).find((one) => one.name === lit.name);
      const users = node?.users ?? 0;
      return `${nameOf(lit.name)}: ${format.count(users)} · ${format.percent(flow.users > 0 ? users / flow.users : 0)}`;
    }
    const move = flow.ribbons.find((one) => one.from === lit.from && one.to === lit.to);
    const of = flow.left.find((one) => one.name === lit.from)?.users ?? 0;
    return t("lifecycle.move", {
      from: nameOf(lit.from),
      to: nameOf(lit.to),
      n: format.count(move?.users ?? 0),
      share: format.percent(of > 0 ? (move?.users ?? 0) / of : 0),
    });
  }
}
