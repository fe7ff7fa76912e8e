/** An estimate with its interval on a line from −edge to edge around zero; the words stand beside it. */
export function Interval({
  low,
  mid,
  high,
  edge,
  words,
}: {
  low: number;
  mid: number;
  high: number;
  edge: number;
  words: string;
}) {
  const at = (value: number) => (edge > 0 ? 50 + (value / edge) * 48 : 50);
  return (
    <span className="interval">
      <svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <line className="zero" x1="50" x2="50" y1="0" y2="12" vectorEffect="non-scaling-stroke" />
        <line className="span" x1={at(low)} x2={at(high)} y1="6" y2="6" vectorEffect="non-scaling-stroke" />
        <line className="mid" x1={at(mid)} x2={at(mid)} y1="1" y2="11" vectorEffect="non-scaling-stroke" />
      </svg>
      <span className="num">{words}</span>
    </span>
  );
}
