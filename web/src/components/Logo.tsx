/** The mark: water that falls over a weir, and the posts that hold it. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" fill="var(--logo-ground)" />
      <g fill="none" strokeLinecap="round" strokeWidth="2.6">
        <path d="M4.5 10.5h9.2c4.6 0 3.6 11 8.3 11h5.5" stroke="#f2fbfa" />
        <path d="M4.5 16h6.4c3.4 0 3.2 10 7.6 10h2.5" stroke="#5cc8c6" />
        <path d="M19.5 10v6.5M25 10v6.5" stroke="#e5a735" />
      </g>
    </svg>
  );
}
