import button from '../design/button.module.css';
import styles from './closed-page.module.css';

/** Shown when the words of the page, or its program, could not be loaded: both languages stand here, as in `index.html`. */
export function showWordless(place: HTMLElement | null): void {
  const reload = element('button', { type: 'button', className: `${button.button} ${button.primary}` });
  reload.textContent = 'Reload · 重新加载';
  reload.addEventListener('click', () => location.reload());
  const card = element('div', { className: styles.card ?? '' }, [
    element('h1', { textContent: 'Magpie' }),
    element('p', {
      lang: 'en',
      textContent: 'The page could not be loaded completely. Nothing is lost; load it again.',
    }),
    element('p', { lang: 'zh-CN', textContent: '页面没有加载完整。什么都没有丢失，请重新加载。' }),
    reload,
  ]);
  place?.replaceChildren(element('main', { className: styles.page ?? '' }, [card]));
}

function element<N extends keyof HTMLElementTagNameMap>(
  name: N,
  properties: Partial<HTMLElementTagNameMap[N]>,
  children: readonly Node[] = [],
): HTMLElementTagNameMap[N] {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}
