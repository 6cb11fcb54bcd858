import { readApi } from './model/openapi.ts';
import { byId, setAttribute, setText, withCode } from './view/dom.ts';
import { routeCard } from './view/route.ts';
import { startTheme } from './view/theme.ts';

async function show(): Promise<void> {
  const about = byId('about');
  try {
    const response = await fetch('/openapi.json');
    if (!response.ok) throw new TypeError(`HTTP ${response.status}`);
    const { title, version, description, routes } = readApi(await response.json());
    withCode(about, [`${title} ${version}`.trim(), description].filter((part) => part !== '').join(': '));
    // The live page needs the stream.
    byId('live').hidden = !routes.some(({ isStream }) => isStream);
    byId('routes').replaceChildren(...routes.map(routeCard));
  } catch {
    setText(
      about,
      'The description of the API could not be read: is "fdp --topology api" running? Then reload the page.',
    );
    setAttribute(about, 'data-tone', 'bad');
  }
}

startTheme(() => {});
void show();
