// Line icons, drawn here (no font, no request). An icon never stands for words on its own: who shows one names it.
const PATHS = {
  home: 'M4 11 12 4l8 7M6 10v10h12V10M10 20v-6h4v6',
  connect: 'M9 7V3M15 7V3M7 7h10v4a5 5 0 0 1-10 0ZM12 16v5',
  key: 'M11 14a4.500 4.500 0 1 1-9 0 4.500 4.500 0 0 1 9 0ZM9.800 11 20 4M16 7l2.500 3.500',
  server: 'M4 5h16v6H4ZM4 13h16v6H4ZM8 8h.01M8 16h.01',
  group: 'M4 4h7v7H4ZM13 4h7v7h-7ZM4 13h7v7H4ZM16.500 13v7M13 16.500h7',
  sandbox: 'M12 3 4 7v10l8 4 8-4V7ZM4 7l8 4 8-4M12 11v10',
  activity: 'M3 12h4l3-8 4 16 3-8h4',
  account: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 21c1-4 4-6 8-6s7 2 8 6',
  people:
    'M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7ZM2 20c.6-4 3-6 7-6s6.400 2 7 6M16 4.500a3.500 3.500 0 0 1 0 6.500M18 14.500c2.400.7 3.700 2.500 4 5.500',
  variable: 'M8 4c-3 0-1 7-4 8 3 1 1 8 4 8M16 4c3 0 1 7 4 8-3 1-1 8-4 8',
  audit: 'M6 3h9l4 4v14H6ZM14 3v5h5M9 12h6M9 16h6',
  tools: 'M14 6a4 4 0 0 1 5-3l-2.500 3 1.500 2 3-1a4 4 0 0 1-5 4l-8 9-3-3 9-8a4 4 0 0 1 0-3Z',
  system: 'M3 4h18v12H3ZM9 20h6M12 16v4',
  login: 'M10 4h9v16h-9M4 12h10M11 8l4 4-4 4',
  logout: 'M14 4H5v16h9M20 12H9M16 8l4 4-4 4',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM16 16l5 5',
  menu: 'M4 7h16M4 12h16M4 17h16',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  close: 'M6 6l12 12M18 6 6 18',
  check: 'M4 12.500 9.500 18 20 6',
  alert: 'M12 3 2 20h20ZM12 10v4M12 17h.01',
  cross: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM9 9l6 6M15 9l-6 6',
  moon: 'M20 14A8.500 8.500 0 1 1 10 4a7 7 0 0 0 10 10Z',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3 2',
  copy: 'M9 9h11v11H9ZM5 15H4V4h11v1',
  plus: 'M12 5v14M5 12h14',
  right: 'M9 5l7 7-7 7',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 11v5M12 8h.01',
  download: 'M12 4v11M7 11l5 5 5-5M4 20h16',
  refresh: 'M20 6v5h-5M4 18v-5h5M5.500 9a7.500 7.500 0 0 1 13-2l1.500 2M18.500 15a7.500 7.500 0 0 1-13 2L4 15',
  stop: 'M6 6h12v12H6Z',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
  edit: 'M4 20h4L19 9l-4-4L4 16ZM13 7l4 4',
  outside: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
} as const

export type IconName = keyof typeof PATHS

interface IconProps {
  readonly name: IconName
  /** in pixels */
  readonly size?: number
}

export function Icon({ name, size = 16 }: IconProps) {
  return (
    <svg className="shrink-0" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
