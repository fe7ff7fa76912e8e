import { useInfiniteQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Card, Mark, type Tone } from "../../components/Parts";
import { Scroll } from "../../components/Scroll";
import { Answer, Empty } from "../../components/States";
import { api, data, type Schemas } from "../../core/api";
import { useAddress, useView } from "../../core/view";

type Proposal = Schemas["Proposal"];

const tones: Record<Proposal["state"], Tone> = {
  open: "info",
  approved: "good",
  publishing: "accent",
  published: "accent",
  rejected: "bad",
  withdrawn: "plain",
  superseded: "plain",
};

/** What became of a proposal. */
export function ProposalMarks({ proposal }: { proposal: Proposal }) {
  const { t } = useTranslation();
  return (
    <span className="marks">
      <Mark tone={tones[proposal.state]}>{t(`proposal.state.${proposal.state}`)}</Mark>
      {proposal.stale && <Mark tone="warn">{t("proposal.stale")}</Mark>}
      {proposal.rollback !== undefined && <Mark>{t("proposal.rollback", { n: proposal.rollback })}</Mark>}
      {proposal.emergency && <Mark tone="bad">{t("proposal.emergency")}</Mark>}
    </span>
  );
}

/** Every proposal, newest first. */
export function Proposals() {
  const { t } = useTranslation();
  const { format, status } = useView();
  const address = useAddress();
  const query = useInfiniteQuery({
    queryKey: ["strategy", "proposals"],
    queryFn: ({ pageParam }) =>
      data(
        api.GET("/v1/strategy/proposals", {
          params: { query: pageParam ? { limit: 30, before: pageParam } : { limit: 30 } },
        }),
      ),
    initialPageParam: 0,
    getNextPageParam: (last) => last.next,
  });
  return (
    <Answer query={query} rows={6}>
      {({ pages }) => {
        const all = pages.flatMap(({ proposals }) => proposals);
        if (all.length === 0)
          return (
            <div className="card">
              <Empty title={t("proposal.none")} text={t("proposal.noneText")} />
            </div>
          );
        return (
          <Card
            title={t("proposal.list")}
            lead={t(status?.approval_required ? "proposal.demanded" : "proposal.notDemanded")}
          >
            <Scroll label={t("proposal.list")}>
              <table className="plain">
                <thead>
                  <tr>
                    <th scope="col">{t("strategy.number")}</th>
                    <th scope="col">{t("proposal.title")}</th>
                    <th scope="col">{t("proposal.what")}</th>
                    <th scope="col">{t("proposal.author")}</th>
                    <th scope="col">{t("proposal.at")}</th>
                    <th scope="col" className="right">
                      {t("proposal.moved")}
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {all.map((one) => (
                    <tr key={one.number}>
                      <td className="num">{one.number}</td>
                      <td className="break">
                        <Link to={address("/strategy", { tab: "proposals", proposal: String(one.number) })}>
                          {one.title}
                        </Link>
                      </td>
                      <td>
                        <ProposalMarks proposal={one} />
                      </td>
                      <td className="mono break">{one.author}</td>
                      <td className="num nowrap">{format.time(one.at)}</td>
                      <td className="right num">
                        {one.moved === undefined ? <span className="muted">–</span> : format.count(one.moved)}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scroll>
            {query.hasNextPage && (
              <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {t("proposal.more")}
              </Button>
            )}
          </Card>
        );
      }}
    </Answer>
  );
}
