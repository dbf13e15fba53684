// Runs before the first paint, so that neither theme nor language flashes: reads what src/shell/preferences.ts keeps.
(() => {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem('magpie.preferences') ?? '{}') ?? {};
  } catch {
    // Damaged or forbidden storage: the defaults hold.
  }
  const root = document.documentElement;
  if (kept.theme === 'light' || kept.theme === 'dark') root.dataset.theme = kept.theme;
  const language = kept.language === 'en' || kept.language === 'zh-CN' ? kept.language : navigator.language;
  root.lang = /^zh/i.test(language) ? 'zh-CN' : 'en';
})();
