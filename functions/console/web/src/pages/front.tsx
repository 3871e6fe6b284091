export function Front() {
  return (
    <section class="narrow">
      <h1>See what your videos say.</h1>
      <p class="lead">
        Upload a video and get its frames, what its faces express, or a narrated film of its strongest moments.
      </p>
      <p class="row">
        <a class="button primary" href="/sign-in?new">
          Make an account
        </a>
        <a class="button" href="/sign-in">
          Sign in
        </a>
      </p>
    </section>
  );
}
