// Parts of a page that wait for something: each asks again now and then, while somebody looks, and
// stops when the answer no longer says where to ask. Without script the page is as true as when it
// was made.

function keepLive(place) {
  const wait = () => setTimeout(ask, Number(place.dataset.every ?? 5) * 1000);
  const ask = async () => {
    if (document.hidden) return document.addEventListener("visibilitychange", ask, { once: true });
    try {
      const answer = await fetch(place.dataset.live, { headers: { accept: "text/html" } });
      // Signed out, or gone: what is here stays.
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(place.id);
      if (!fresh) return;
      if (fresh.textContent !== place.textContent) place.replaceChildren(...fresh.childNodes);
      if (!("live" in fresh.dataset)) return void delete place.dataset.live;
    } catch {
      // The server is away for a moment.
    }
    wait();
  };
  wait();
}

document.querySelectorAll("[data-live]").forEach(keepLive);
