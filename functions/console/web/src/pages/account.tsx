/** The account pages, one section at a time: /account/{section}. */
import type { ComponentType } from "preact";
import { ApiKeysSection } from "../account/api-keys.tsx";
import { ShareLinks } from "../account/share-links.tsx";
import { Emails } from "../account/emails.tsx";
import { MyData } from "../account/my-data.tsx";
import { ProfileSection } from "../account/profile.tsx";
import { UsageSection } from "../account/usage.tsx";
import { WebhooksSection } from "../account/webhooks.tsx";
import type { PageProps } from "../routes.ts";
import { useTitle } from "../ui/use-title.ts";

interface Section {
  name: string;
  title: string;
  description: string;
  component: ComponentType;
}

const SECTIONS: readonly Section[] = [
  {
    name: "usage",
    title: "Usage",
    description: "What you had made, and what is left of your limits.",
    component: UsageSection,
  },
  {
    name: "emails",
    title: "E-mail",
    description: "What you are told by e-mail, and every letter so far.",
    component: Emails,
  },
  {
    name: "links",
    title: "Shared links",
    description: "Who has such a link gets the file, without signing in.",
    component: ShareLinks,
  },
  {
    name: "webhooks",
    title: "Webhooks",
    description: "Servers of yours that are called when a job starts or ends, and when other things happen.",
    component: WebhooksSection,
  },
  {
    name: "api-keys",
    title: "API keys",
    description: "For programs that use Moodreel in your name.",
    component: ApiKeysSection,
  },
  { name: "profile", title: "Profile", description: "Your name and your password.", component: ProfileSection },
  {
    name: "my-data",
    title: "My data",
    description: "A copy of everything that is kept about you, or the end of it.",
    component: MyData,
  },
];

export default function Account({ params }: PageProps) {
  const section = SECTIONS.find((section) => section.name === (params.section ?? "usage"));
  useTitle(section?.title ?? "Account");
  return (
    <div class="account wide">
      <nav aria-label="Account">
        <ul>
          {SECTIONS.map(({ name, title }) => (
            <li key={name}>
              <a
                href={name === "usage" ? "/account" : `/account/${name}`}
                aria-current={name === section?.name ? "page" : undefined}
              >
                {title}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      {section ? (
        <article class="page-sections" key={section.name}>
          <header>
            <h1>{section.title}</h1>
            <p class="hint">{section.description}</p>
          </header>
          <section.component />
        </article>
      ) : (
        <article class="page-sections">
          <h1>There is no such section</h1>
          <p>
            <a href="/account">Go to the account</a>
          </p>
        </article>
      )}
    </div>
  );
}
