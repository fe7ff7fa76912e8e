package app

// Notes say what the report does not say, and what it was computed with.
func (h *History) Notes() []Warning {
	notes := []Warning{{
		Code: "not_causal",
		En:   "These are decisions over the events that really came. Had other messages been sent, users might have done something else: nothing here says what a change would have brought.",
		Zh:   "这是在真实发生的事件上重新做出的决策。若当时发送了不同的消息，用户的行为可能不同：本报告不说明改动会带来什么效果。",
	}, {
		Code: "asked_not_sent",
		En:   "Messages are those that rules asked for. Consent, caps, quiet hours and the kill switch decide later what is sent, and are not run again.",
		Zh:   "此处统计规则要求发送的消息。是否实际发送还取决于同意、频次上限、免打扰时段和总开关，这些不在重放之内。",
	}, {
		Code: "links_of_today",
		En:   "Ids are joined as they are today, from the first day on.",
		Zh:   "身份关联按今天的状态，从第一天起即生效。",
	}}
	if h.Cuts != "" {
		notes = append(notes, Warning{
			Code: "fixed_cuts",
			En:   "RFM and tiers use one set of cuts for all days (" + h.Cuts + ", as of " + day(h.CutsAt) + "). Really, cuts are refreshed week by week.",
			Zh:   "RFM 与分层在所有日期使用同一组切分点（" + h.Cuts + "，截至 " + day(h.CutsAt) + "）。实际运行中切分点每周更新。",
		})
	}
	if h.Recut {
		notes = append(notes, Warning{
			Code: "recut",
			En:   "The published cuts do not fit the tried strategy: its own were computed as of the first day.",
			Zh:   "已发布的切分点不适用于该策略：已按首日重新计算。",
		})
	}
	if h.Models != "" {
		notes = append(notes, Warning{
			Code: "fixed_models",
			En:   "The models of today (" + h.Models + ") are used for all days. They may have been fitted to what came later.",
			Zh:   "所有日期都使用今天的模型（" + h.Models + "），其拟合可能用到了之后的数据。",
		})
	}
	if h.Filled {
		notes = append(notes, Warning{
			Code: "filled_in",
			En:   "Part of these days was filled in by a backfill. Its events count from when they happened; Weir had not seen them then.",
			Zh:   "这段时间的部分事件由回填导入，按发生时间计入；当时 Weir 尚未见到它们。",
		})
	}
	if h.LeftOut > 0 {
		notes = append(notes, Warning{
			Code: "left_out",
			En:   "Users with more than 100,000 events are left out: " + formatInt(h.LeftOut) + ".",
			Zh:   "事件超过 100,000 个的用户未计入：" + formatInt(h.LeftOut) + "。",
		})
	}
	if h.OverCeiling > 0 {
		notes = append(notes, Warning{
			Code: "over_ceiling",
			En:   "On " + formatInt(int64(h.OverCeiling)) + " days the tried strategy asks for more messages than its daily ceiling of " + formatInt(int64(h.Ceiling)) + ". The rest would have been held.",
			Zh:   "有 " + formatInt(int64(h.OverCeiling)) + " 天，该策略要求的消息超过每日上限 " + formatInt(int64(h.Ceiling)) + "，超出部分会被暂缓。",
		})
	}
	return notes
}
