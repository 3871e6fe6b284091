/** A link that was just made: its address, and the code that shows its player on another site. */
import { CopyableText } from "../../ui/copyable-text.tsx";
import type { NewShareLink } from "../../account/model.ts";

export function NewLink({ link }: { link: NewShareLink }) {
  return (
    <div class="note" role="status">
      <CopyableText text={link.page_url} label="The link" />
      {link.embed_url && (
        <>
          <p class="hint">To show the player on another page:</p>
          <CopyableText text={embedCode(link.embed_url, link.title)} label="The code for another page" />
        </>
      )}
      <p class="hint">Copy it now: it cannot be shown again.</p>
    </div>
  );
}

/** HTML that shows the player in the width of its place. */
export function embedCode(url: string, title: string): string {
  const name = escapeAttribute(title || "Video");
  const style = "border:0;width:100%;aspect-ratio:16/9";
  return `<iframe src="${escapeAttribute(url)}" title="${name}" style="${style}" allowfullscreen loading="lazy"></iframe>`;
}

function escapeAttribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
