/** Shown for deleted jobs and for jobs of other users alike. */
export function JobNotFound() {
  return (
    <section class="single-column">
      <h1>There is no such job</h1>
      <p>It was deleted, or it belongs to somebody else.</p>
      <p>
        <a class="button primary" href="/">
          To your jobs
        </a>
      </p>
    </section>
  );
}
