/* The search runs in a worker, and a browser starts none from a disk (file:). There it runs in a hidden frame. */
if (location.protocol === "file:") {
  window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.srcdoc = `<body><script>
        postMessage = data => frameElement.answer(data);
        importScripts = (...urls) => urls.reduce((before, url) => before.then(() => new Promise((good, bad) => {
          const script = document.createElement("script");
          Object.assign(script, {src: url, onload: good, onerror: bad});
          document.body.append(script);
        })), Promise.resolve());
      <\/script><script src="${url}"><\/script></body>`;
      frame.answer = data => this.dispatchEvent(new MessageEvent("message", {data}));
      this.ready = new Promise(ready => { frame.onload = () => ready(frame.contentWindow); });
      document.documentElement.append(frame);
    }

    postMessage(data) {
      this.ready.then(frame => frame.dispatchEvent(new MessageEvent("message", {data})));
    }

    terminate() {}
  };
  window.Worker = window.IFrameWorker;
}
