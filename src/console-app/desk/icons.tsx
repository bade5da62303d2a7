import type { ReactNode } from 'react';

/** The sign of the product. */
export function Mark({ size = 32 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#2f5fd0" />
      <path d="M9 9v8a7 7 0 0 0 14 0V9" fill="none" stroke="#fff" strokeWidth="3.5" strokeLinecap="round" />
    </svg>
  );
}

const SHAPES = {
  mail: (
    <>
      <rect x="2.5" y="4" width="15" height="12" rx="2" />
      <path d="m3 6 7 5 7-5" />
    </>
  ),
  chat: (
    <path d="M4 4h12a1.5 1.5 0 0 1 1.5 1.5v7A1.5 1.5 0 0 1 16 14H9l-4 3v-3H4a1.5 1.5 0 0 1-1.5-1.5v-7A1.5 1.5 0 0 1 4 4Z" />
  ),
  web: (
    <>
      <circle cx="10" cy="10" r="7.5" />
      <path d="M2.5 10h15M10 2.5c5 5 5 10 0 15M10 2.5c-5 5-5 10 0 15" />
    </>
  ),
  clock: (
    <>
      <circle cx="10" cy="10" r="7.5" />
      <path d="M10 5.5V10l3 2" />
    </>
  ),
  person: (
    <>
      <circle cx="10" cy="7" r="3.5" />
      <path d="M3.5 17c.6-3.6 3-5.5 6.5-5.5s5.9 1.9 6.5 5.5" />
    </>
  ),
  inbox: <path d="M3 11.5 5 4h10l2 7.5V16H3v-4.5Zm0 0h4l1 2h4l1-2h4" />,
  bot: (
    <>
      <rect x="3.5" y="7" width="13" height="9" rx="2" />
      <path d="M10 7V3.5M7.5 11v1M12.5 11v1" />
    </>
  ),
  closed: <path d="m4 10.5 4 4 8-9" />,
  back: <path d="m12 4-6 6 6 6" />,
  close: <path d="m5 5 10 10M15 5 5 15" />,
  more: <path d="M10 4.5v.01M10 10v.01M10 15.5v.01" />,
  tag: (
    <>
      <path d="M3 3.5h6.5l7.5 7.5-6 6L3.5 9.5V3.5Z" />
      <path d="M6.8 6.8v.01" />
    </>
  ),
  panel: (
    <>
      <rect x="2.5" y="4" width="15" height="12" rx="2" />
      <path d="M12.5 4v12" />
    </>
  ),
  warning: <path d="M10 3 2.5 16.5h15L10 3Zm0 5v4M10 14.2v.01" />,
  note: (
    <>
      <path d="M4 3h12v9l-5 5H4V3Z" />
      <path d="M11 17v-5h5M7 7h6M7 10h3" />
    </>
  ),
  eye: (
    <>
      <path d="M2 10c2-3.7 4.7-5.5 8-5.5s6 1.8 8 5.5c-2 3.7-4.7 5.5-8 5.5S4 13.7 2 10Z" />
      <circle cx="10" cy="10" r="2.5" />
    </>
  ),
  clip: <path d="m15.5 9.5-6 6a3.5 3.5 0 0 1-5-5l7-7a2.3 2.3 0 0 1 3.3 3.3l-6.8 6.8a1.1 1.1 0 0 1-1.6-1.6l6-6" />,
  file: <path d="M5 2.5h6l4 4v11H5v-15Zm6 0v4h4" />,
  call: <path d="M4 3h3l1.5 4-2 1.5a10 10 0 0 0 5 5l1.5-2 4 1.5v3c-7 2-15-6-13-13Z" />,
  edit: <path d="m4 16 1-4 8.5-8.5 3 3L8 15l-4 1Zm8-11 3 3" />,
  send: <path d="M3 10 17 3.5 12.5 17l-3-5.5L3 10Zm6.5 1.5L17 3.5" />,
  sparkle: <path d="M10 3c.6 4 2.5 6 6.5 6.8-4 .7-5.9 2.7-6.5 6.7-.6-4-2.5-6-6.5-6.7C7.5 9 9.4 7 10 3Z" />,
  settings: (
    <>
      <circle cx="10" cy="10" r="2.5" />
      <path d="M10 2.5v3M10 14.5v3M2.5 10h3M14.5 10h3M4.7 4.7l2.1 2.1M13.2 13.2l2.1 2.1M15.3 4.7l-2.1 2.1M6.8 13.2l-2.1 2.1" />
    </>
  ),
  search: (
    <>
      <circle cx="9" cy="9" r="5.5" />
      <path d="m13 13 4 4" />
    </>
  ),
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof SHAPES;

/** A small drawing beside a text that says the same. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {SHAPES[name]}
    </svg>
  );
}

/** The drawing of a channel's kind. */
export function channelIcon(kind: string | null): IconName {
  if (kind === null) return 'web';
  return /mail/i.test(kind) ? 'mail' : 'chat';
}
