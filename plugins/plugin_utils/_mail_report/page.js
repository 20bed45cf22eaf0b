(function () {
  "use strict";
  var tools = document.getElementById("tools");
  var hosts = Array.prototype.slice.call(document.querySelectorAll("details.host"));
  var domains = Array.prototype.slice.call(document.querySelectorAll(".domain"));
  var search = document.getElementById("search");
  var state = document.getElementById("state");
  var kind = document.getElementById("kind");
  var count = document.getElementById("count");
  var texts = null;
  var waiting = 0;

  function filter() {
    waiting = 0;
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length && !texts) {
      texts = hosts.map(function (host) { return host.textContent.toLowerCase(); });
    }
    var shown = 0;
    hosts.forEach(function (host, place) {
      var fits = (!state.value || host.dataset.state === state.value) &&
        (!kind.value || host.dataset.kinds.split(" ").indexOf(kind.value) >= 0) &&
        words.every(function (word) { return texts[place].indexOf(word) >= 0; });
      host.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    domains.forEach(function (domain) {
      var all = domain.querySelectorAll("details.host").length;
      domain.hidden = all > 0 && !domain.querySelector("details.host:not([hidden])");
    });
    count.textContent = shown + " of " + hosts.length + " hosts shown";
  }

  function soon() {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(filter, 80);
  }

  function unfold(open) {
    hosts.forEach(function (host) { if (!host.hidden) { host.open = open; } });
  }

  function reveal() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var element = target; element; element = element.parentElement) {
      if (element.tagName === "DETAILS") { element.open = true; }
      element.hidden = false;
    }
    if (target) { target.scrollIntoView(); }
  }

  if (tools) {
    tools.hidden = false;
    search.addEventListener("input", soon);
    state.addEventListener("change", filter);
    kind.addEventListener("change", filter);
    document.getElementById("unfold").addEventListener("click", function () { unfold(true); });
    document.getElementById("fold").addEventListener("click", function () { unfold(false); });
    filter();
  }
  window.addEventListener("hashchange", reveal);
  reveal();
}());
