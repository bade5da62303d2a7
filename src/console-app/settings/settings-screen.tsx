import { Link, useParams } from '@tanstack/react-router';
import { Suspense, useEffect, useRef } from 'react';
import { useDesk } from '../desk/desk.tsx';
import { sectionsFor } from './sections.ts';
import './settings.css';

/** What an organization sets, one section at a time. */
export default function SettingsScreen() {
  const { session } = useDesk();
  const params = useParams({ strict: false });
  const sections = sectionsFor(session.scopes);
  const section =
    sections.find(({ path }) => path === params.section) ?? (params.section === undefined ? sections[0] : undefined);
  const nav = useRef<HTMLElement>(null);
  // On a phone the sections are a line that is wider than the screen.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another section is another link
  useEffect(() => {
    nav.current?.querySelector('[aria-current="page"]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [section?.path]);

  return (
    <div className="settings">
      <nav ref={nav} className="settings-nav" aria-label="Settings">
        <ul>
          {sections.map(({ path, name }) => (
            <li key={path}>
              <Link
                to="/settings/$section"
                params={{ section: path }}
                aria-current={path === section?.path ? 'page' : undefined}
              >
                {name}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keys */}
      <section className="settings-main" aria-label={section?.name ?? 'Settings'} tabIndex={0}>
        {section === undefined ? (
          <p className="records-none muted">
            There is nothing here for you. Somebody who looks after users can give you more rights.
          </p>
        ) : (
          <Suspense fallback={null}>
            <section.page key={`${section.path}/${params.id ?? ''}`} id={params.id ?? null} />
          </Suspense>
        )}
      </section>
    </div>
  );
}
