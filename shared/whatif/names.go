package whatif

// Columns that conditions do not read, or not under this name.
const (
	ColSilenceAny      = "~silence.any"      // days since the last event; without any, since the user was first seen
	ColSilencePurchase = "~silence.purchase" // since the last purchase
	ColSilenceEvents   = "~silence.events"   // since the last declared event
	ColStage           = "~stage"            // the settled stage in STATE; "" without any
	ColStageAge        = "~stage_age"        // 1 + the days since it was entered, 0 when that is after asOf; null when not known
	ColKeyRank         = "~key_rank"         // by cut of frequency, one bit each: the key is beyond that of the cut
	ColRevenue         = "~revenue"          // net spend of the last 365 days, minor units
	ColValue           = "~value"            // value of the next 52 weeks, minor units

	colTag  = "~tag."  // + name: an event has set the tag
	colOpen = "~open." // + name: an episode of the outreach rule is open
)

// ColTag is the column of a tag that events set.
func ColTag(name string) string { return colTag + name }

// ColOpen is the column of the open episodes of an outreach rule.
func ColOpen(name string) string { return colOpen + name }
