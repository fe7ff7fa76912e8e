import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { BrowserRouter, Route, Routes } from "react-router";
import { Frame } from "./components/Frame";
import { Loading, NotFound } from "./components/States";
import { useDark, usePrefs } from "./core/prefs";
import { toProblem } from "./core/problem";
import { useSession } from "./core/session";
import { ViewProvider } from "./core/view";
import { speak } from "./i18n";
import { SignIn } from "./pages/SignIn";

const Overview = lazy(() => import("./pages/Overview"));
const LibraryPages = lazy(() => import("./components/Library"));
const Users = lazy(() => import("./pages/Users"));
const User = lazy(() => import("./pages/User"));
const Retention = lazy(() => import("./pages/Retention"));
const Lifecycle = lazy(() => import("./pages/Lifecycle"));
const Churn = lazy(() => import("./pages/Churn"));
const Models = lazy(() => import("./pages/Models"));
const Files = lazy(() => import("./pages/Files"));
const FileDetail = lazy(() => import("./pages/FileDetail"));
const Events = lazy(() => import("./pages/Events"));
const EventDetail = lazy(() => import("./pages/EventDetail"));
const Outbox = lazy(() => import("./pages/Outbox"));
const WhatIf = lazy(() => import("./pages/WhatIf"));
const Strategy = lazy(() => import("./pages/Strategy"));

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: false,
      retry: (times, error) => times < 2 && toProblem(error).passing,
      retryDelay: 800,
    },
  },
});

export function App() {
  const { language } = usePrefs();
  const dark = useDark();
  const session = useSession();
  useEffect(() => {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }, [dark]);
  useEffect(() => {
    void speak(language);
  }, [language]);
  if (session.kind === "out") return <SignIn session={session} />;
  return (
    <QueryClientProvider client={client}>
      <BrowserRouter>
        <ViewProvider>
          <Frame>
            <Suspense fallback={<Loading />}>
              <Routes>
                <Route path="/" element={<Overview />} />
                <Route element={<LibraryPages />}>
                  <Route path="/users" element={<Users />} />
                  <Route path="/users/:id" element={<User />} />
                  <Route path="/retention" element={<Retention />} />
                  <Route path="/lifecycle" element={<Lifecycle />} />
                  <Route path="/churn" element={<Churn />} />
                  <Route path="/models" element={<Models />} />
                  <Route path="/files" element={<Files />} />
                  <Route path="/files/:id" element={<FileDetail />} />
                  <Route path="/events" element={<Events />} />
                  <Route path="/events/:name" element={<EventDetail />} />
                  <Route path="/outbox" element={<Outbox />} />
                  <Route path="/whatif" element={<WhatIf />} />
                  <Route path="/strategy" element={<Strategy />} />
                </Route>
                <Route path="*" element={<NotFound />} />
              </Routes>
            </Suspense>
          </Frame>
        </ViewProvider>
      </BrowserRouter>
    </QueryClientProvider>
  );
}
