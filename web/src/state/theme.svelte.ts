/** Light, dark, or as the system says. `public/theme.js` applies the choice before the first paint. */
export type Theme = 'system' | 'light' | 'dark';
const KEY = 'aquatint.theme';

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

class ThemeChoice {
  value = $state<Theme>(stored());

  choose(theme: Theme): void {
    this.value = theme;
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    try {
      if (theme === 'system') localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, theme);
    } catch {
      // It then holds for this visit.
    }
  }
}

export const theme = new ThemeChoice();
