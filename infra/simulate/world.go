package simulate

// What the simulated shop is like. Every figure is invented; those of purchases and their values have the order of magnitude of the
// CDNOW sample, so that models fitted to a simulated base are no surprise.
const (
	rateShape    = 0.6  // purchases a week are gamma(rateShape, rateScale) among people
	rateScale    = 0.11 // a week
	dropoutA     = 0.9  // after each purchase a person leaves with a probability of beta(dropoutA, dropoutB)
	dropoutB     = 2.1
	moneyP       = 6.25 // a purchase is gamma(moneyP, scale), the inverse of the scale gamma(moneyQ, moneyV)
	moneyQ       = 3.74
	moneyV       = 15.44
	visitShape   = 0.8 // visits a week without a purchase are gamma(visitShape, visitScale)
	visitScale   = 0.16
	buyers       = 0.72  // of all people, buy at least once
	anonymous    = 0.05  // never say who they are
	startAnon    = 0.40  // of the others, come without an id first
	secondDevice = 0.06  // of the known, come without an id again, on another device
	refunds      = 0.04  // of orders
	newsletter   = 0.5   // of the known, read the monthly letter at all
	duplicates   = 0.005 // of events, are sent twice
	late         = 0.003 // of events, arrive more than 14 days after they happened
)

// city is where people live, and its clock.
type city struct {
	name, zone string
	offset     int // hours east of UTC, without summer time: only the hours of activity follow from it
	locale     string
}

var cities = []choice[city]{
	{city{"上海", "Asia/Shanghai", 8, "zh-CN"}, 22}, {city{"北京", "Asia/Shanghai", 8, "zh-CN"}, 18}, {city{"成都", "Asia/Shanghai", 8, "zh-CN"}, 11},
	{city{"广州", "Asia/Shanghai", 8, "zh-CN"}, 13}, {city{"Tokyo", "Asia/Tokyo", 9, "ja-JP"}, 5}, {city{"Berlin", "Europe/Berlin", 1, "de-DE"}, 9},
	{city{"Paris", "Europe/Paris", 1, "fr-FR"}, 6}, {city{"London", "Europe/London", 0, "en-GB"}, 7}, {city{"New York", "America/New_York", -5, "en-US"}, 9},
}

// channel is how people come, and how much more or less those buy who come so.
type channel struct {
	name  string
	eager float64
}

var channels = []choice[channel]{
	{channel{"organic", 1.1}, 34}, {channel{"paid_search", 0.9}, 22}, {channel{"social", 0.75}, 20}, {channel{"referral", 1.5}, 9},
	{channel{"email", 1.3}, 5}, {channel{"app_store", 1}, 10},
}

var plans = []choice[string]{{"free", 78}, {"plus", 17}, {"pro", 5}}

// category is a shelf of the shop, and the price level on it.
type category struct {
	name  string
	level float64
}

var categories = []choice[category]{
	{category{"tea", 0.8}, 25}, {category{"coffee", 0.9}, 20}, {category{"books", 0.6}, 18}, {category{"home", 1.4}, 15}, {category{"toys", 0.9}, 12},
	{category{"electronics", 2.2}, 10},
}

var devices = []choice[string]{{"ios", 38}, {"android", 34}, {"web", 28}}

// What time does to activity, as a share of the busiest: by day of the week from Monday, by month, and by hour.
var (
	byWeekday = [7]float64{0.72, 0.70, 0.73, 0.76, 0.86, 1, 0.96}
	byMonth   = [12]float64{0.70, 0.62, 0.68, 0.66, 0.71, 0.83, 0.66, 0.64, 0.72, 0.77, 1, 0.95}
	byHour    = [24]float64{0.18, 0.10, 0.06, 0.05, 0.05, 0.08, 0.16, 0.31, 0.47, 0.58, 0.66, 0.70, 0.74, 0.68, 0.63, 0.62, 0.64, 0.68, 0.76, 0.88, 1, 0.96, 0.70, 0.38}
)
