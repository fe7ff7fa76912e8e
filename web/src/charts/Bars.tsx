import { Link } from "react-router";

export interface Bar {
  key: string;
  name: string;
  share: number;
  value: string;
  aside?: string;
  color: string;
  to?: string;
}

/** A distribution as a list: name, bar, figures. Each line may lead somewhere. */
export function Bars({ bars, label }: { bars: Bar[]; label: string }) {
  const most = Math.max(...bars.map((bar) => bar.share), 1e-9);
  return (
    <ul className="bars" aria-label={label}>
      {bars.map((bar) => {
        const inside = (
          <>
            <span className="name">{bar.name}</span>
            <span className="track" aria-hidden="true">
              <span
                className="fill"
                style={{
                  width: `${(Math.max(0, bar.share) / most) * 100}%`,
                  minWidth: bar.share > 0 ? 3 : 0,
                  background: bar.color,
                }}
              />
            </span>
            <span className="value num">
              {bar.value}
              {bar.aside && <small>{bar.aside}</small>}
            </span>
          </>
        );
        return <li key={bar.key}>{bar.to ? <Link to={bar.to}>{inside}</Link> : <div>{inside}</div>}</li>;
      })}
    </ul>
  );
}
