/** The account's rooms, one at a time: /account/{room}. */
import type { ComponentType } from "preact";
import { Links } from "../account/links.tsx";
import { Letters } from "../account/letters.tsx";
import { MyData } from "../account/my-data.tsx";
import { Profile } from "../account/profile.tsx";
import { Usage } from "../account/usage.tsx";
import { Webhooks } from "../account/webhooks.tsx";
import type { PageProps } from "../routes.ts";
import { useTitle } from "../ui/use-title.ts";

interface Room {
  name: string;
  title: string;
  about: string;
  shows: ComponentType;
}

const ROOMS: readonly Room[] = [
  { name: "usage", title: "Usage", about: "What you had made, and what is left of your limits.", shows: Usage },
  { name: "letters", title: "E-mail", about: "What you are told by e-mail, and every letter so far.", shows: Letters },
  { name: "links", title: "Shared links", about: "Who has such a link gets the file, without signing in.", shows: Links },
  { name: "webhooks", title: "Webhooks", about: "Servers of yours that are called when a job ends.", shows: Webhooks },
  { name: "profile", title: "Profile", about: "Your name and your password.", shows: Profile },
  { name: "my-data", title: "My data", about: "A copy of everything that is kept about you, or the end of it.", shows: MyData },
];

export default function Account({ params }: PageProps) {
  const room = ROOMS.find((one) => one.name === (params.room ?? "usage"));
  useTitle(room?.title ?? "Account");
  return (
    <div class="account">
      <nav aria-label="Account">
        <ul>
          {ROOMS.map(({ name, title }) => (
            <li key={name}>
              <a
                href={name === "usage" ? "/account" : `/account/${name}`}
                aria-current={name === room?.name ? "page" : undefined}
              >
                {title}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      {room ? (
        <article class="room" key={room.name}>
          <header>
            <h1>{room.title}</h1>
            <p class="hint">{room.about}</p>
          </header>
          <room.shows />
        </article>
      ) : (
        <article class="room">
          <h1>There is no such room</h1>
          <p>
            <a href="/account">Go to the account</a>
          </p>
        </article>
      )}
    </div>
  );
}
