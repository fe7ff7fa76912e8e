/** Users who stood in one stage at the first date and in another (or the same) at the second. */
export interface Move {
  from: string;
  to: string;
  users: number;
}

export interface Node {
  name: string;
  users: number;
  y: number;
  height: number;
}

export interface Ribbon extends Move {
  /** Where it leaves on the left and arrives on the right, and how thick it is. */
  y0: number;
  y1: number;
  height: number;
}

export interface Flow {
  left: Node[];
  right: Node[];
  ribbons: Ribbon[];
  users: number;
}

/**
 * Lays out the moves between two columns of stages. Both columns keep the order of `stages` and share one scale, so that a
 * user is as high on the left as on the right; stages nobody stands in leave no node. Ribbons leave and arrive in that order
 * as well, which keeps their crossings few.
 */
export function layOut(moves: readonly Move[], stages: readonly string[], height: number, gap: number): Flow {
  const place = new Map(stages.map((name, i) => [name, i]));
  const order = (name: string) => place.get(name) ?? stages.length;
  const some = moves.filter((move) => move.users > 0);
  const users = some.reduce((sum, move) => sum + move.users, 0);
  const names = (of: (move: Move) => string) =>
    [...new Set(some.map(of))].sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1));
  const columns = [names((move) => move.from), names((move) => move.to)] as const;
  const most = Math.max(columns[0].length, columns[1].length, 1);
  const scale = users > 0 ? (height - gap * (most - 1)) / users : 0;
  const column = (list: readonly string[], of: (move: Move) => string): Node[] => {
    let y = 0;
    return list.map((name) => {
      const here = some.filter((move) => of(move) === name).reduce((sum, move) => sum + move.users, 0);
      const node = { name, users: here, y, height: here * scale };
      y += node.height + gap;
      return node;
    });
  };
  const left = column(columns[0], (move) => move.from);
  const right = column(columns[1], (move) => move.to);
  const tops = (nodes: readonly Node[]) => new Map(nodes.map((node) => [node.name, node.y]));
  const leaving = tops(left);
  const arriving = tops(right);
  const ribbons: Ribbon[] = [];
  for (const from of columns[0])
    for (const to of columns[1]) {
      const here = some.filter((move) => move.from === from && move.to === to).reduce((n, move) => n + move.users, 0);
      if (here === 0) continue;
      const y0 = leaving.get(from) ?? 0;
      const y1 = arriving.get(to) ?? 0;
      ribbons.push({ from, to, users: here, y0, y1, height: here * scale });
      leaving.set(from, y0 + here * scale);
      arriving.set(to, y1 + here * scale);
    }
  return { left, right, ribbons, users };
}

/** The outline of a ribbon between x0 and x1. */
export function outline(ribbon: Ribbon, x0: number, x1: number): string {
  const middle = (x0 + x1) / 2;
  const { y0, y1, height } = ribbon;
  return (
    `M${x0},${y0}C${middle},${y0} ${middle},${y1} ${x1},${y1}` +
    `V${y1 + height}C${middle},${y1 + height} ${middle},${y0 + height} ${x0},${y0 + height}Z`
  );
}
