package simulate

import (
	"strconv"
	"time"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fmath"
)

const (
	minuteMs = int64(60_000)
	hourMs   = 60 * minuteMs
	dayMs    = 24 * hourMs
	weekMs   = 7 * dayMs
)

// person is one simulated user: what they are like, and their events.
type person struct {
	*random
	index      int
	start, end int64 // of the simulation, unix milliseconds
	userID     string
	anonID     string // the id of the present device while unknown
	known      bool
	city       city
	channel    channel
	plan       string
	device     string
	rate       float64 // purchases a week while a customer
	visits     float64 // visits a week without a purchase
	dropout    float64 // after each purchase
	scale      float64 // of money
	reads      float64 // chance to open a letter
	left       int64   // when they left for good; end when they did not
	orders     int
	sent       []sent
}

// sent is one event as it arrives.
type sent struct {
	arrived int64
	ev      event.Event
	again   bool // sent before
	late    bool
}

func newPerson(seed uint64, index int, start, end int64) *person {
	r := personal(seed, index)
	p := &person{random: r, index: index, start: start, end: end, left: end}
	p.userID = "u" + strconv.Itoa(1_000_000_000 + index)[1:]
	p.city, p.channel, p.plan, p.device = pick(r, cities), pick(r, channels), pick(r, plans), pick(r, devices)
	p.rate = max(float64(float64(r.gamma(rateShape)*rateScale)*p.channel.eager), 1e-4)
	p.visits = max(float64(r.gamma(visitShape)*visitScale), 1e-4)
	p.dropout = r.beta(dropoutA, dropoutB)
	p.scale = moneyV / r.gamma(moneyQ)
	if r.chance(newsletter) {
		p.reads = r.beta(2, 5)
	}
	return p
}

// live makes all events of the person, in no particular order.
func (p *person) live() []sent {
	joined := p.start + int64(float64(p.end-p.start)*growth(p.unit())) // the shop grows: more people join later
	joined = min(p.season(joined), p.end-1)
	stays := p.chance(anonymous)
	p.known = !stays && !p.chance(startAnon)
	p.anonID = p.newDevice()
	if p.known {
		p.signUp(joined)
	}
	at := joined
	for range 1 + p.below(3) { // the first visits
		p.visit(at)
		at += int64(p.wait(1/3.0) * float64(dayMs))
	}
	if !p.known && !stays {
		p.known = true
		p.signUp(min(at, p.end-1))
		p.visit(at)
	}
	p.buy(at)
	p.browse(at)
	if p.known {
		p.letters(at)
		p.elsewhere(at)
	}
	return p.sent
}

// growth maps a share of people to a share of time: the longer the shop is there, the more people join a day.
func growth(u float64) float64 { return float64(fmath.Pow(u, 0.75)) }

// season moves a moment to the next hour that the season accepts in the person's day.
func (p *person) season(at int64) int64 {
	for range 200 {
		local := time.UnixMilli(at + int64(p.city.offset)*hourMs).UTC()
		weight := float64(float64(byHour[local.Hour()]*byWeekday[(int(local.Weekday())+6)%7]) * byMonth[local.Month()-1])
		if p.chance(weight) {
			break
		}
		at += int64(p.wait(1) * float64(4*hourMs))
	}
	return at - at%minuteMs + int64(p.below(60_000))
}

// buy makes the purchases until the person leaves.
func (p *person) buy(from int64) {
	if !p.chance(buyers) {
		return
	}
	at := from + int64(p.wait(1/4.0)*float64(dayMs))
	for {
		at = p.season(at)
		if at >= p.end {
			return
		}
		p.order(at)
		if p.chance(p.dropout) {
			p.left = at + int64(p.below(7*24))*hourMs
			return
		}
		at += int64(p.wait(p.rate) * float64(weekMs))
	}
}

// order is a purchase with the visit before it, and sometimes its refund.
func (p *person) order(at int64) {
	p.orders++
	id := "o" + p.userID[1:] + "-" + strconv.Itoa(p.orders)
	shelf := pick(p.random, categories)
	cents := max(int64(float64(p.gamma(moneyP)*p.scale)*float64(100*shelf.level)), 99)
	for i := range 1 + p.below(3) {
		p.track(at-int64(3+4*i)*minuteMs, "Product Viewed", view(shelf.name, p.below(200), cents))
	}
	o := object{}.text("order_id", id).money("revenue", cents).text("category", shelf.name).number("quantity", int64(1+p.below(3))).text("channel", p.channel.name)
	if p.chance(0.12) {
		o = o.text("coupon", "WELCOME10")
	}
	p.track(at, "Order Completed", o)
	if p.chance(refunds) {
		back := cents
		if p.chance(0.3) {
			back = max(cents/2, 1)
		}
		p.track(at+int64(1+p.below(20))*dayMs+int64(p.below(600))*minuteMs, "Order Refunded", object{}.text("order_id", id).money("revenue", back))
	}
}

// browse makes the visits without a purchase, fewer and fewer after the person left.
func (p *person) browse(from int64) {
	at := from
	for {
		at = p.season(at + int64(p.wait(p.visits)*float64(weekMs)))
		if at >= p.end {
			return
		}
		if at > p.left && !p.chance(fmath.Exp(-float64(at-p.left)/float64(21*dayMs))) {
			if at > p.left+120*dayMs {
				return
			}
			continue
		}
		p.visit(at)
	}
}

func (p *person) visit(at int64) {
	p.page(at, pick(p.random, []choice[string]{{"Home", 5}, {"Sale", 2}, {"Search", 3}}))
	shelf := pick(p.random, categories)
	for i := range p.below(3) {
		p.track(at+int64(1+2*i)*minuteMs, "Product Viewed", view(shelf.name, p.below(200), int64(float64(500+p.below(9_000))*shelf.level)))
	}
}

// letters are the monthly letters that the person opens.
func (p *person) letters(from int64) {
	for k, at := 0, from-from%dayMs+10*hourMs; at < p.end; k, at = k+1, at+28*dayMs {
		if at < from || at > p.left+90*dayMs || !p.chance(p.reads) {
			continue
		}
		campaign := object{}.text("campaign_name", "letter-"+strconv.Itoa(k%13+1))
		opened := at + int64(p.wait(1)*float64(5*hourMs))
		p.track(opened, "Email Opened", campaign)
		if p.chance(0.2) {
			p.track(opened+2*minuteMs, "Email Link Clicked", campaign)
		}
	}
	if p.chance(0.04) {
		p.track(from+int64(p.below(60))*dayMs+hourMs, "Unsubscribed", object{}.text("list", "letter"))
	}
}

// elsewhere is a visit on another device, unknown first.
func (p *person) elsewhere(from int64) {
	if !p.chance(secondDevice) {
		return
	}
	at := p.season(from + int64(p.below(90))*dayMs)
	p.known, p.anonID = false, p.newDevice()
	p.visit(at)
	p.known = true
	p.identify(at + 30*minuteMs)
}
