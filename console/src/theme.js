// Runs before the first paint, so that nobody sees the wrong theme flash by. The choice is kept under one name; nothing else ever is.
;(() => {
  const root = document.documentElement
  let kept = {}
  try {
    kept = JSON.parse(localStorage.getItem('mcphub.prefs') ?? '{}') ?? {}
  } catch {
    // what was kept cannot be read: as on a first visit
  }
  if (kept.theme === 'light' || kept.theme === 'dark') root.dataset.theme = kept.theme
  const isKorean = navigator.language.toLowerCase().startsWith('ko')
  root.lang = kept.language === 'en' || kept.language === 'ko' ? kept.language : isKorean ? 'ko' : 'en'
})()
